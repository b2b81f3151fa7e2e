import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { installScanner } from '../../e2e/harness/install-scanners.ts';
import { listOf, purlOf, type AskedPackage } from './asked-package.ts';

/** Ids of advisories by package URL. */
export type MatchedIds = ReadonlyMap<string, ReadonlySet<string>>;

/** It compares each advisory with each package of its list, so lists are cut. */
const packagesAtOnce = 2000;

const keyOf = (ecosystem: string, name: string, version: string): string =>
  [ecosystem, name, version].join('\t');

/**
 * Asks osv-scanner about a list, by zips that lie on this machine. Its JSON repeats each advisory for each package and has
 * gigabytes; its table names all ids.
 *
 * @param folder of its own, for what it reads
 * @param zips by base ecosystem
 */
export const askOsvScanner = (
  folder: string,
  zips: Readonly<Record<string, string>>,
  packages: readonly AskedPackage[],
): MatchedIds => {
  const program = installScanner('osv-scanner');
  for (const [ecosystem, zip] of Object.entries(zips)) {
    const place = join(folder, 'osv-scalibr', ecosystem);
    mkdirSync(place, { recursive: true });
    symlinkSync(resolve(zip), join(place, 'all.zip'));
  }
  const matched = new Map<string, Set<string>>();
  for (let at = 0; at < packages.length; at += packagesAtOnce) {
    const asked = packages.slice(at, at + packagesAtOnce);
    const list = join(folder, 'list.cdx.json');
    writeFileSync(list, listOf(asked));
    const purls = Map.groupBy(asked, ({ ecosystem, name, version }) => keyOf(ecosystem, name, version));
    for (const [key, ids] of tableOf(program, folder, list)) {
      const found = purls.get(key);
      if (found === undefined) throw new Error(`osv-scanner tells of ${key}, which was not asked`);
      for (const purl of found.map(purlOf))
        matched.set(purl, new Set([...(matched.get(purl) ?? []), ...ids]));
    }
  }
  return matched;
};

const url = 'https://osv.dev/';
/** `| https://osv.dev/A<br/>https://osv.dev/B | 9.8 | PyPI | name | 1.0 | 1.1 | list.cdx.json |` */
const tableOf = (
  program: string,
  folder: string,
  list: string,
): readonly (readonly [key: string, ids: readonly string[]])[] => {
  const { status, stdout, stderr, error } = spawnSync(
    program,
    [
      'scan',
      'source',
      '--offline',
      '--all-vulns',
      '--local-db-path',
      folder,
      '--format',
      'markdown',
      '-L',
      list,
    ],
    { encoding: 'utf8', maxBuffer: 2 ** 29, cwd: folder },
  );
  if (error) throw error;
  // 1: it found something.
  if (status !== 0 && status !== 1) throw new Error(`osv-scanner ended with ${status}: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith(`| ${url}`))
    .map((line) => {
      const [links = '', , ecosystem = '', name = '', version = ''] = line
        .slice(2)
        .split(' | ')
        .map((cell) => cell.trim());
      return [
        keyOf(ecosystem, name, version),
        links.split('<br/>').map((link) => link.slice(url.length)),
      ] as const;
    });
};
