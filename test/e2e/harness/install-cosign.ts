import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin } from './install-command.ts';
import { buildGo } from './install-go.ts';

/** Both majors are in use: 2 writes signatures into the tag `.sig`, 3 writes bundles as referrers. */
export type CosignMajor = 2 | 3;

/** The cosign of one major version, built once. @returns where it lies */
export const installCosign = (major: CosignMajor): string => {
  const name = `cosign${major}`;
  const module = join(import.meta.dirname, '..', `tools-${name}`);
  buildGo({
    name,
    module,
    packages: [`github.com/sigstore/cosign/v${major}/cmd/cosign`],
    programs: ['cosign'],
    folder: name,
    linkerFlags: `-s -w -X sigs.k8s.io/release-utils/version.gitVersion=${cosignVersion(major)}`,
    remark: 'minutes on two cores',
  });
  return join(bin, name, 'cosign');
};

/** As go.mod pins it. */
export const cosignVersion = (major: CosignMajor): string => {
  const file = join(import.meta.dirname, '..', `tools-cosign${major}`, 'go.mod');
  const pinned = new RegExp(`github\\.com/sigstore/cosign/v${major} (v[\\d.]+)`);
  return readFileSync(file, 'utf8').match(pinned)![1]!;
};
