import { baseEcosystem, packageKeyName, type Package } from '../../../src/core/vulnerability/package.ts';

/** `type<TAB>name<TAB>version`, with the types of Syft. */
export type PackageKey = string;

const types: ReadonlyMap<string, string> = new Map([
  ['Debian', 'deb'],
  ['AlmaLinux', 'rpm'],
  ['npm', 'npm'],
  ['PyPI', 'python'],
  ['Go', 'go-module'],
]);
const ecosystems: ReadonlyMap<string, string> = new Map(
  [...types].map(([ecosystem, type]) => [type, ecosystem]),
);

/** Names of PyPI in one spelling; the toolchain of Go without its `go`. */
export const keyOf = (type: string, name: string, version: string): PackageKey => {
  const ecosystem = ecosystems.get(type);
  const spelled = ecosystem === 'PyPI' ? packageKeyName(ecosystem, name) : name;
  return [type, spelled, name === 'stdlib' ? version.replace(/^go/, '') : version].join('\t');
};

export const keysOf = (packages: readonly Package[]): ReadonlySet<PackageKey> =>
  new Set(
    packages.map(({ ecosystem, name, version }) => {
      const type = types.get(baseEcosystem(ecosystem));
      if (type === undefined) throw new Error(`no type for ${ecosystem}`);
      return keyOf(type, name, version);
    }),
  );
