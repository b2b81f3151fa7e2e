import { formatPurl } from '../../../src/core/vulnerability/purl.ts';

/** A package that we and others are asked about. */
export interface AskedPackage {
  /** With the release of a distribution: `AlmaLinux:9`. */
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  /** The stream of a modular rpm. */
  readonly module?: string;
  /** What a package of Debian or Alpine was built from, where its name is another one. */
  readonly source?: string;
}

const types: Readonly<Record<string, readonly [type: string, namespace?: string, distro?: string]>> = {
  PyPI: ['pypi'],
  npm: ['npm'],
  Go: ['golang'],
  AlmaLinux: ['rpm', 'almalinux', 'almalinux-'],
  Debian: ['deb', 'debian', 'debian-'],
  Alpine: ['apk', 'alpine', 'alpine-'],
};

/** `1:2.3-4` in two. */
const splitEpoch = (version: string): readonly [epoch: string | undefined, rest: string] => {
  const [, epoch, rest = version] = /^(\d+):(.*)$/.exec(version) ?? [];
  return [epoch, rest];
};

/** In the dialect of Syft. */
export const purlOf = ({ ecosystem, name, version, module, source }: AskedPackage): string => {
  const [base = '', release = ''] = ecosystem.split(':');
  const [type, namespace, distro] = types[base]!;
  const [epoch, rest] = type === 'rpm' ? splitEpoch(version) : [undefined, version];
  const slash = name.lastIndexOf('/');
  const within = namespace ?? (slash < 0 ? undefined : name.slice(0, slash));
  return formatPurl({
    type,
    ...(within === undefined ? {} : { namespace: within }),
    name: namespace === undefined ? name.slice(slash + 1) : name,
    version: rest,
    qualifiers: new Map(
      Object.entries({
        distro: distro && `${distro}${release.replace(/^v/, '')}`,
        epoch,
        rpmmod: module,
        upstream: source,
      }).filter((pair): pair is [string, string] => pair[1] !== undefined),
    ),
  });
};

/** One list for everybody who is asked. */
export const listOf = (packages: readonly AskedPackage[]): string =>
  JSON.stringify({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    components: packages.map((asked, at) => ({
      type: 'library',
      'bom-ref': String(at),
      name: asked.name,
      version: asked.version,
      purl: purlOf(asked),
    })),
  });
