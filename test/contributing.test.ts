import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { folderWith } from './cli/imagegate.ts';
import { allBlocks, read, root, section } from './markdown.ts';

const steps = allBlocks(section(read('CONTRIBUTING.md'), '## Your first check in ten minutes'));

/** Applies one hunk: its lines without `+` are beginnings of lines that follow one another at one place of the file. */
const applyHunk = (text: string, hunk: readonly string[]): string => {
  const lines = text.split('\n');
  const context = hunk.filter((line) => line.startsWith(' ')).map((line) => line.slice(1));
  const fits = (at: number): boolean =>
    context.every((start, offset) => lines[at + offset]?.startsWith(start) === true);
  const places = lines.flatMap((_line, at) => (fits(at) ? [at] : []));
  const [at] = places;
  if (at === undefined || places.length > 1 || context.length === 0)
    throw new Error(`found ${String(places.length)} times: ${context.join(' / ')}`);
  let next = at;
  const replacement = hunk.map((line) => (line.startsWith('+') ? line.slice(1) : (lines[next++] ?? '')));
  return lines.toSpliced(at, context.length, ...replacement).join('\n');
};

/** Applies a `diff` block: `+++ FILE` begins a file, `@@` a hunk. */
const applyDiff = (folder: string, code: string): void => {
  for (const part of code.split(/^\+\+\+ /m).slice(1)) {
    const [file = '', ...rest] = part.split('\n');
    const hunks = rest.join('\n').split(/^@@\n/m).slice(1);
    const path = join(folder, file);
    const changed = hunks
      .map((hunk) => hunk.replace(/\n$/, '').split('\n'))
      .reduce(applyHunk, readFileSync(path, 'utf8'));
    writeFileSync(path, changed);
  }
};

/** Writes a block whose first line is a comment with the path of a new file. */
const writeNew = (folder: string, code: string): void => {
  const [, file = ''] = /^(?:\/\/|#) (\S+)\n/.exec(code) ?? [];
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, code.slice(code.indexOf('\n') + 1));
};

/** A copy of the sources with the installed packages. Caches of the compiler stay apart. */
const copySources = (): string => {
  const folder = folderWith();
  const left = ['node_modules', 'dist', '.git'];
  const cached = join('test', 'e2e', '.cache');
  for (const name of readdirSync(root).filter((entry) => !left.includes(entry)))
    cpSync(join(root, name), join(folder, name), {
      recursive: true,
      filter: (path) => !path.startsWith(join(root, cached)),
    });
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(root, 'node_modules')).filter((entry) => entry !== '.cache'))
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  return folder;
};

const run = async (folder: string, script: string): Promise<string> => {
  const path = `${join(folder, 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`;
  const env = { ...process.env, PATH: path, NO_COLOR: '1', FORCE_COLOR: '0' };
  const ended = await promisify(execFile)('sh', ['-e', '-c', script], { cwd: folder, env }).catch(
    (error: unknown) => error as { stdout: string; stderr: string },
  );
  return ended instanceof Error ? `failed: ${script}\n${ended.stdout}${ended.stderr}` : ended.stdout;
};

describe('the first check of CONTRIBUTING.md', () => {
  test('compiles, passes its tests and judges a scenario when the steps are followed', async () => {
    const folder = copySources();
    const printed: string[] = [];
    for (const { language, code } of steps) {
      if (language === 'diff') applyDiff(folder, code);
      else if (language === 'sh') printed.push(await run(folder, code));
      else writeNew(folder, code);
    }
    expect(printed.filter((text) => text.startsWith('failed: '))).toEqual([]);
    expect(printed.join('\n')).toContain('src/core/checks/names.test.ts');
    expect(printed.at(-1)).toMatch(/Tests +2 passed/);
  }, 300_000);

  test('a step that fits nowhere, or at two places, is seen', () => {
    expect(applyHunk('a\nb\nc', [' b', '+new', ' c'])).toBe('a\nb\nnew\nc');
    expect(() => applyHunk('a\nb', [' c', '+new'])).toThrow('found 0 times');
    expect(() => applyHunk('a\na', [' a', '+new'])).toThrow('found 2 times');
  });
  test('a command that fails is seen', async () => {
    expect(await run(root, 'echo before; exit 1')).toMatch(/^failed: echo before; exit 1\nbefore/);
  });
});
