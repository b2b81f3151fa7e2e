import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const pkg = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  files: string[];
};
const installed = (name: string): string =>
  (JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as { version: string })
    .version;

describe('what is shipped', () => {
  test('every dependency is named with its exact version', () => {
    const loose = Object.entries({ ...pkg.dependencies, ...pkg.devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  test('every dependency has its line in docs/decisions', () => {
    const pages = readdirSync(join(root, 'docs/decisions'));
    const decisions = pages.map((page) => readFileSync(join(root, 'docs/decisions', page), 'utf8')).join('');
    const unnamed = Object.keys({ ...pkg.dependencies, ...pkg.devDependencies }).filter(
      (name) => !decisions.includes(name),
    );
    expect(unnamed).toEqual([]);
  });

  test('the bundle carries the licence of every package in it', () => {
    const notices = readFileSync(join(root, 'dist', 'THIRD-PARTY.txt'), 'utf8');
    const missing = Object.keys(pkg.dependencies).filter(
      (name) => !notices.includes(`\n${name} ${installed(name)} (`),
    );
    expect(missing).toEqual([]);
  });

  test('nothing that is shipped needs node_modules', () => {
    expect(pkg.files).not.toContain('node_modules');
    const main = readFileSync(join(root, 'dist', 'main.mjs'), 'utf8');
    const outside = [...main.matchAll(/from\s*"([^"]+)"/g)]
      .map((match) => match[1] ?? '')
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:'));
    expect(outside).toEqual([]);
  });

  test('no start of the gate and no check loads the libraries of signatures', () => {
    const dist = join(root, 'dist');
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.mjs'),
    );
    const texts = new Map(files.map((file) => [file, readFileSync(join(dist, file), 'utf8')]));
    /** The file and all that is loaded with it; what it imports later by itself is not. */
    const loadedWith = (file: string, seen = new Set<string>()): Set<string> => {
      if (seen.has(file)) return seen;
      seen.add(file);
      for (const [, path = ''] of (texts.get(file) ?? '').matchAll(/(?:from|^import)\s*"(\.[^"]+)"/gm))
        loadedWith(join(dirname(file), path), seen);
      return seen;
    };
    const loads = (file: string): boolean =>
      [...loadedWith(file)].some((one) => /node_modules\/@(?:sigstore|noble)\//.test(texts.get(one) ?? ''));
    const entry = (name: string): string => files.find((file) => file.startsWith(`chunk/${name}-`)) ?? name;
    expect(
      ['verify-worker.mjs', 'main.mjs', entry('check'), entry('serve'), entry('explain')].map(loads),
    ).toEqual([true, false, false, false, false]);
  });
});
