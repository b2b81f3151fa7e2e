import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { read, root, section } from './markdown.ts';

const skipped = new Set(['node_modules', '.cache', 'golden', 'fixtures']);
const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesIn(path);
    return /\.(ts|mjs|md)$/.test(entry.name) ? [path] : [];
  });

const texts = ['src', 'test', 'docs', 'bin', 'scripts']
  .flatMap(filesIn)
  .filter((path) => path !== join('test', 'rules.test.ts'))
  .map((path) => ({ path, text: read(path) }));
const isTest = (path: string): boolean => /\.(test|e2e|contract)\.ts$/.test(path);

const page = read('docs/rules.md');
const model = read('docs/threat-model.md');

/** A rule of docs/rules.md with what its section names. */
const rules = [...page.matchAll(/^### ([RSV]\d+b?) (.+)$/gm)].map(([heading, id = '', title = '']) => {
  const [keepers = '', tests = ''] = (section(page, heading).split('Kept by ')[1] ?? '').split('Tests:');
  const files = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file);
  return { id, title, keepers: files(keepers), tests: files(tests) };
});
/** A row of the table of bypasses: its number and the files in its last column. */
const bypasses = [...model.matchAll(/^\| (B\d+) \|.*\| ([^|]+) \|$/gm)].map(([, id = '', files = '']) => ({
  id,
  tests: [...files.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
}));
/** A row of the table of flaws of other verifiers. */
const flaws = [...model.matchAll(/^\| (G\d+|F\d+|CVE-[\d-]+|GHSA-[\da-z-]+) \|.*\| ([^|]+) \|$/gm)].map(
  ([, id = '', files = '']) => ({
    id,
    tests: [...files.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
  }),
);
const defined = new Set([...rules, ...bypasses].map(({ id }) => id));

const cited = (text: string): string[] => [...text.matchAll(/\b[RBSV]\d{1,2}b?\b/g)].map(([id]) => id);

describe('rules and bypasses', () => {
  test('every number that code, tests and documents cite is defined in docs/rules.md or docs/threat-model.md', () => {
    const unknown = texts.flatMap(({ path, text }) =>
      cited(text)
        .filter((id) => !defined.has(id))
        .map((id) => `${path}: ${id}`),
    );
    expect(unknown).toEqual([]);
    expect(rules.length).toBeGreaterThan(20);
    expect(bypasses.length).toBeGreaterThan(20);
  });

  test.each(rules)(
    '$id ($title) names files that exist, and tests that cite it',
    ({ id, keepers, tests }) => {
      expect(keepers.length).toBeGreaterThan(0);
      expect(tests.length).toBeGreaterThan(0);
      expect([...keepers, ...tests].filter((file) => !existsSync(join(root, file)))).toEqual([]);
      expect(tests.filter((file) => !isTest(file) || !cited(read(file)).includes(id))).toEqual([]);
    },
  );

  test.each(bypasses)('$id of the threat model is cited by each test that it names', ({ id, tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect(tests.filter((file) => !cited(read(file)).includes(id))).toEqual([]);
  });

  test.each(flaws)('$id of another verifier is named by each test of its row', ({ id, tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.filter((file) => !existsSync(join(root, file)) || !isTest(file))).toEqual([]);
    // `G1` is not `G11`.
    const named = new RegExp(`(?<![\\w-])${id}(?![\\w-])`);
    expect(tests.filter((file) => !named.test(read(file)))).toEqual([]);
  });

  test('nothing that signatures, attestations and package lists must withstand is left out', () => {
    const numbers = (letter: string, count: number): string[] =>
      Array.from({ length: count }, (_, at) => `${letter}${at + 1}`);
    // S11 concerns what this version does not do.
    const wantedRules = numbers('S', 13).filter((id) => id !== 'S11');
    const wantedVulnerabilityRules = numbers('V', 18);
    const wantedBypasses = [...numbers('B', 9).slice(2), 'B32', 'B34'];
    const published =
      'CVE-2026-22703 CVE-2026-24122 CVE-2026-39395 GHSA-vjxv-45g9-9296 CVE-2022-47633 CVE-2023-47630 CVE-2023-33957 ' +
      'CVE-2023-33958 CVE-2023-33959 CVE-2024-23332 CVE-2024-29902 CVE-2024-29903 CVE-2023-46737';
    const wantedFlaws = [...numbers('G', 11), ...published.split(' '), ...numbers('F', 5)];
    expect(wantedRules.filter((id) => !rules.some((rule) => rule.id === id))).toEqual([]);
    expect(wantedVulnerabilityRules.filter((id) => !rules.some((rule) => rule.id === id))).toEqual([]);
    expect(wantedBypasses.filter((id) => !bypasses.some((bypass) => bypass.id === id))).toEqual([]);
    expect(flaws.map(({ id }) => id)).toEqual(wantedFlaws);
  });

  test('no file sends its reader to a design paper: what holds stands in this repository', () => {
    const sends = /\bDESIGN\b|\bdesign (paper|document|section)\b/;
    const pages = readdirSync(root)
      .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
      .map((path) => ({ path, text: read(path) }));
    expect([...texts, ...pages].filter(({ text }) => sends.test(text)).map(({ path }) => path)).toEqual([]);
    expect(sends.test('the ready line (DESIGN 5)')).toBe(true);
  });

  test('no number is defined twice', () => {
    const ids = [...rules, ...bypasses].map(({ id }) => id);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  });
});
