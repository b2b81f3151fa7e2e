import type { PackageKey } from './listed-package.ts';

/** Where Syft may list otherwise than we do: at most twenty classes, each of which has to occur. */
export interface ListDifference {
  readonly rule: `V${number}`;
  readonly why: string;
  readonly example: string;
  /** Who lists the package. */
  readonly by: 'syft' | 'imagegate';
  /** @param paths where Syft found it */
  readonly applies: (key: PackageKey, paths: readonly string[]) => boolean;
}

/** `node_modules/NAME/package.json`, which npm wrote there. */
const isInstalled = (path: string): boolean =>
  /\/node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(path);
const isNpm = (key: PackageKey): boolean => key.startsWith('npm\t');

export const listDifferences: readonly ListDifference[] = [
  {
    rule: 'V14',
    why: 'a module of Go that says no version is the gap version-unknown here',
    example: 'go-module imagegate.dev/e2e/tools-image UNKNOWN',
    by: 'syft',
    applies: (key) => key.startsWith('go-module\t') && key.endsWith('\tUNKNOWN'),
  },
  {
    rule: 'V1',
    why: 'a package.json outside node_modules says what a program is called; nothing was installed there',
    example: 'npm shop 1.0.0 in /srv/app/package.json',
    by: 'syft',
    applies: (key, paths) => isNpm(key) && paths.every((path) => !path.includes('/node_modules/')),
  },
  {
    rule: 'V1',
    why: 'a package.json deeper in a package belongs to its tests or its parts, and was not installed',
    example: 'npm baz UNKNOWN in /srv/app/node_modules/resolve/test/resolver/baz/package.json',
    by: 'syft',
    applies: (key, paths) => isNpm(key) && !paths.some(isInstalled),
  },
];

export interface ComparedLists {
  readonly both: number;
  readonly explained: ReadonlyMap<ListDifference, readonly PackageKey[]>;
  readonly unexplained: readonly string[];
}

/** Holds two lists against each other by type, name and version. */
export const compareLists = (
  ours: ReadonlySet<PackageKey>,
  syft: ReadonlyMap<PackageKey, readonly string[]>,
): ComparedLists => {
  const explained = new Map<ListDifference, PackageKey[]>();
  const unexplained: string[] = [];
  const differ = (by: ListDifference['by'], key: PackageKey): void => {
    const row = listDifferences.find((one) => one.by === by && one.applies(key, syft.get(key) ?? []));
    if (row === undefined) unexplained.push(`only ${by}: ${key.replaceAll('\t', ' ')}`);
    else
      explained
        .set(row, explained.get(row) ?? [])
        .get(row)!
        .push(key);
  };
  for (const key of ours) if (!syft.has(key)) differ('imagegate', key);
  for (const key of syft.keys()) if (!ours.has(key)) differ('syft', key);
  return { both: [...ours].filter((key) => syft.has(key)).length, explained, unexplained };
};
