import fc from 'fast-check';
import { registryNames, type OracleCase } from './oracle.ts';

/** A signature by a key, as it is or with a twist. */
export interface SignatureCase extends OracleCase {
  readonly signer: CosignSigner;
  readonly key: KeyType;
  readonly twist: Twist;
  /** Which byte or bit a twist flips, as a part of what there is. */
  readonly at: number;
}

/** Each cosign in each form that it writes. */
export const cosignSigners = [
  'cosign2-tag',
  'cosign2-referrer',
  'cosign2-bundle',
  'cosign3-tag',
  'cosign3-bundle',
] as const;
export type CosignSigner = (typeof cosignSigners)[number];

export const keyTypes = ['p256', 'p384', 'p521', 'rsa2048', 'rsa4096', 'ed25519'] as const;
export type KeyType = (typeof keyTypes)[number];

export const twists = [
  'honest',
  /** A bit of what is signed. */
  'payload-flipped',
  /** A bit of the signature. */
  'signature-flipped',
  'signature-removed',
  /** A good signature of another image, put where those of this one are. */
  'other-image',
  /** Signed well, by a key that nobody names. */
  'other-key',
  /** An attestation by the right key: its holder never said that the image may run. */
  'attestation',
  /** A good signature beside one by another key and a referrer that is none. */
  'junk-beside',
] as const;
export type Twist = (typeof twists)[number];

const isGood = (twist: Twist): boolean => twist === 'honest' || twist === 'junk-beside';

/** cosign 2 attests into no referrer in this form; the honest ones are there with every key. */
const isPossible = ({ signer, twist }: Pick<SignatureCase, 'signer' | 'twist'>): boolean =>
  twist !== 'honest' && !(signer === 'cosign2-referrer' && twist === 'attestation');

/** Every signer with every twist on every registry, keys drawn; and every key with every signer, honest. */
export const drawSignatureCases = (seed: number): readonly SignatureCase[] => {
  const drawn = fc.sample(
    fc.tuple(fc.constantFrom(...keyTypes), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
    {
      seed,
      numRuns: registryNames.length * cosignSigners.length * twists.length,
    },
  );
  const places = registryNames.flatMap((registry) => cosignSigners.map((signer) => ({ registry, signer })));
  const twisted = places.flatMap((place) => twists.map((twist) => ({ ...place, twist })));
  const cases = twisted.map((one, index) => ({ ...one, key: drawn[index]![0], at: drawn[index]![1] }));
  const honest = places.flatMap((place) =>
    keyTypes.map((key) => ({ ...place, key, twist: 'honest' as const, at: 0 })),
  );
  const all = [...honest, ...cases.filter(isPossible)];
  return all.map((one) => {
    const id = `${one.registry}-${one.signer}-${one.key}-${one.twist}`;
    // One folder a key: the policy of a key is about its folder.
    return { ...one, id, repository: `${one.key}/${id}`, good: isGood(one.twist) };
  });
};
