import type { Difference } from './oracle.ts';
import type { KeyType, SignatureCase } from './signature-cases.ts';

/** How cosign is asked. The hash is the one that it signs with by such a key, and does not find out by itself. */
export const cosignWays = {
  cosign2: { major: 2, args: () => [] },
  'cosign2-hash': { major: 2, args: (key) => hash(key) },
  'cosign2-oci11': { major: 2, args: (key) => ['--experimental-oci11', ...hash(key)] },
  'cosign2-bundle': { major: 2, args: (key) => ['--new-bundle-format', ...hash(key)] },
  cosign3: { major: 3, args: () => [] },
  'cosign3-hash': { major: 3, args: (key) => hash(key) },
  'cosign3-oci11': { major: 3, args: (key) => ['--experimental-oci11', ...hash(key)] },
} as const satisfies Readonly<
  Record<string, { readonly major: 2 | 3; readonly args: (key: KeyType) => readonly string[] }>
>;

const hash = (key: KeyType): readonly string[] => ['--signature-digest-algorithm', hashOf[key]];
const hashOf: Readonly<Record<KeyType, string>> = {
  p256: 'sha256',
  p384: 'sha384',
  p521: 'sha512',
  rsa2048: 'sha256',
  rsa4096: 'sha256',
  ed25519: 'sha512',
};

const allWays = Object.keys(cosignWays);
const withSigstoreGo = [...allWays, 'sigstore-go'];

/** Where cosign and we may differ, and why. A difference that no row explains is an error of one of us. */
export const signatureDifferences: readonly Difference<SignatureCase>[] = [
  {
    why: 'both cosigns sign with Ed25519ph and verify it in no form',
    ways: allWays,
    accepted: false,
    applies: (one) => one.good && one.key === 'ed25519',
  },
  {
    why: 'cosign signs with the hash of the curve and verifies with SHA-256 unless it is told',
    ways: ['cosign2', 'cosign3'],
    accepted: false,
    applies: (one) => one.good && ['p384', 'p521'].includes(one.key),
  },
  {
    why: 'cosign looks for simple signing among referrers only when it is told',
    ways: ['cosign2', 'cosign2-hash', 'cosign2-bundle', 'cosign3', 'cosign3-hash'],
    accepted: false,
    applies: (one) => one.good && one.signer === 'cosign2-referrer',
  },
  {
    why: 'told to look for bundles, cosign 2 looks for nothing else',
    ways: ['cosign2-bundle'],
    accepted: false,
    applies: (one) => one.good && !one.signer.endsWith('-bundle'),
  },
  {
    why: 'sigstore-go knows bundles alone',
    ways: ['sigstore-go'],
    accepted: false,
    applies: (one) => one.good && !one.signer.endsWith('-bundle'),
  },
  {
    why: 'one bundle beside it, be it by a stranger, keeps cosign from looking at a signature of the older forms',
    ways: allWays,
    accepted: false,
    applies: (one) => one.twist === 'junk-beside' && !one.signer.endsWith('-bundle'),
  },
  {
    why: 'cosign and sigstore-go take any attestation in a bundle for a signature, even one that says that a scan has failed (S4)',
    ways: withSigstoreGo,
    accepted: true,
    applies: (one) => one.twist === 'attestation' && one.signer.endsWith('-bundle'),
  },
];
