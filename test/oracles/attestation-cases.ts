import fc from 'fast-check';
import { registryNames, type OracleCase } from './oracle.ts';

/** An attestation, as it is or with a twist. */
export interface AttestationCase extends OracleCase {
  readonly signer: Attester;
  readonly key: AttestationKey;
  readonly twist: AttestationTwist;
  readonly at: number;
}

/** Each cosign in each form that it attests in, and cosign 3 without a key of its own. */
export const attesters = [
  'cosign2-tag',
  'cosign2-bundle',
  'cosign3-tag',
  'cosign3-bundle',
  'keyless-bundle',
] as const;
export type Attester = (typeof attesters)[number];

export const attestationKeys = ['p256', 'rsa2048', 'ed25519'] as const;
export type AttestationKey = (typeof attestationKeys)[number];

export const attestationTwists = [
  'honest',
  /** A bit of what is signed. */
  'payload-flipped',
  'signature-flipped',
  'signature-removed',
  /** A good attestation of another image, put where those of this one are. */
  'other-image',
  /** By somebody whom nobody names. */
  'other-signer',
  /** Of another type, by the right one. */
  'other-type',
  /** A signature by the right one: it attests nothing. */
  'signature',
  /** A good one beside one by somebody else. */
  'junk-beside',
] as const;
export type AttestationTwist = (typeof attestationTwists)[number];

/** Every attester with every twist on every registry, keys drawn. */
export const drawAttestationCases = (seed: number): readonly AttestationCase[] => {
  const all = registryNames.flatMap((registry) =>
    attesters.flatMap((signer) => attestationTwists.map((twist) => ({ registry, signer, twist }))),
  );
  const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const drawn = fc.sample(fc.tuple(fc.constantFrom(...attestationKeys), at), { seed, numRuns: all.length });
  return all.map((one, index) => {
    const [key, at] = drawn[index]!;
    const folder = one.signer === 'keyless-bundle' ? 'attested-keyless' : `attested-${key}`;
    const id = `${one.registry}-${one.signer}-${key}-${one.twist}`;
    const good = one.twist === 'honest' || one.twist === 'junk-beside';
    return { ...one, key, at, id, good, repository: `${folder}/${id}` };
  });
};
