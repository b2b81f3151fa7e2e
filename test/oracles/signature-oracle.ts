import { join } from 'node:path';
import type { Cosign } from '../e2e/harness/cosign.ts';
import { cosignVersion } from '../e2e/harness/install-cosign.ts';
import { folderPolicy } from './imagegate-verdicts.ts';
import type { Oracle, Registries } from './oracle.ts';
import { sigstoreGoAccepts, sigstoreGoVersion } from './sigstore-go.ts';
import { drawSignatureCases, type SignatureCase } from './signature-cases.ts';
import { layOut, makeKeys } from './signature-stage.ts';
import { cosignWays, signatureDifferences } from './signature-ways.ts';

/** The policies by which signatures of keys are judged, from the PEM of each key. */
export const signaturePolicies = (keys: Readonly<Record<string, string>>): readonly object[] =>
  Object.entries(keys).map(([name, pem]) => folderPolicy(name, { key: { pem } }));

/** Signatures by a key, judged by both cosigns, and bundles by sigstore-go. */
export const signatureOracle = async (
  folder: string,
  registries: Registries,
  cosigns: Readonly<Record<2 | 3, Cosign>>,
  seed: number,
): Promise<Oracle<SignatureCase>> => {
  const keys = await makeKeys(cosigns[3]);
  // cosign 2 verifies bundles only beside a root, even if nothing in it is needed.
  const emptyRoot = join(folder, 'empty-root.json');
  await cosigns[3].must(['trusted-root', 'create', '--out', emptyRoot]);
  const ways = Object.entries(cosignWays).map(([way, { major, args }]) => {
    const ask = async (one: SignatureCase, reference: string): Promise<boolean> => {
      const { code } = await cosigns[major].run(
        [
          ['verify', '--key', keys[one.key].release.pemFile, '--insecure-ignore-tlog=true'],
          major === 2 ? ['--trusted-root', emptyRoot] : [],
          args(one.key),
          reference,
        ].flat(),
      );
      return code === 0;
    };
    return [way, ask] as const;
  });
  return {
    name: 'signatures',
    cases: drawSignatureCases(seed),
    layOut: (one) => layOut({ registries, cosigns, keys }, one),
    ways: {
      ...Object.fromEntries(ways),
      'sigstore-go': ({ key }, reference) =>
        Promise.resolve(sigstoreGoAccepts(['-key', keys[key].release.pemFile], reference)),
    },
    differences: signatureDifferences,
    material: Object.fromEntries(Object.entries(keys).map(([type, { release }]) => [type, release.pem])),
    policies: signaturePolicies,
    versions: {
      cosign2: cosignVersion(2),
      cosign3: cosignVersion(3),
      'sigstore-go': sigstoreGoVersion(),
    },
  };
};
