import { spawnSync } from 'node:child_process';
import { installScanner } from '../../e2e/harness/install-scanners.ts';
import { keyOf, type PackageKey } from './listed-package.ts';

interface SyftDocument {
  readonly artifacts: readonly {
    readonly type: string;
    readonly name: string;
    readonly version: string;
    readonly locations: readonly { readonly path: string }[];
  }[];
}

/** How Syft reads an OCI layout with one image, and asks nobody whether there is a newer Syft. */
export const syftCommand = (layout: string): readonly string[] => [
  'scan',
  `oci-dir:${layout}`,
  '-q',
  '-o',
  'json',
];
export const syftEnvironment = { SYFT_CHECK_FOR_APP_UPDATE: 'false' };

/** What Syft finds in an OCI layout with one image, and where. */
export const syftPackages = (layout: string): ReadonlyMap<PackageKey, string[]> => {
  const { status, stdout, stderr, error } = spawnSync(installScanner('syft'), [...syftCommand(layout)], {
    encoding: 'utf8',
    env: { ...process.env, ...syftEnvironment },
    maxBuffer: 2 ** 29,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`syft ended with ${status}: ${stderr}`);
  const { artifacts } = JSON.parse(stdout) as SyftDocument;
  const found = new Map<PackageKey, string[]>();
  for (const { type, name, version, locations } of artifacts) {
    const key = keyOf(type, name, version);
    found.set(key, [...(found.get(key) ?? []), ...locations.map(({ path }) => path)]);
  }
  return found;
};
