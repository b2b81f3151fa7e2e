import fc from 'fast-check';
import type { Generation } from '../e2e/harness/sigstore.ts';
import { registryNames, type OracleCase } from './oracle.ts';

/** A signature without a key of one's own, as it is or with a twist. */
export interface KeylessCase extends OracleCase {
  readonly who: Who;
  /** Of the instance that signs. */
  readonly generation: Generation;
  /** A bundle of cosign 3, or a layer under the tag `.sig` of cosign 2. */
  readonly form: 'bundle' | 'tag';
  readonly twist: KeylessTwist;
  /** Which bit a twist flips, as a part of what there is. */
  readonly at: number;
}

/** Whose issuer says who signed. */
export const whos = ['github', 'gitlab', 'email'] as const;
export type Who = (typeof whos)[number];

export const keylessTwists = [
  'honest',
  'payload-flipped',
  'signature-flipped',
  /** A good signature of another image, put where those of this one are. */
  'other-image',
  /** Signed well, by somebody whom nobody names. */
  'other-identity',
  /** Signed by whom the policy names, says another instance. */
  'other-instance',
  /** An attestation by the right one. */
  'attestation',
  /** Of another signature by the same one: good each, and nothing of this signature (S6, CVE-2026-22703). */
  'entry-swapped',
  'timestamp-swapped',
  'certificate-swapped',
  'entry-removed',
  'timestamp-removed',
  /** A bit of what the log has, of its proof, of the timestamp, of the certificate. */
  'entry-flipped',
  'proof-flipped',
  'promise-flipped',
  'timestamp-flipped',
  'certificate-flipped',
  /** A good signature beside one by somebody else. */
  'junk-beside',
] as const;
export type KeylessTwist = (typeof keylessTwists)[number];

/** Only Rekor 1 promises, and cosign 2 keeps no proof and puts attestations elsewhere. */
const isPossible = ({
  generation,
  form,
  twist,
}: Pick<KeylessCase, 'generation' | 'form' | 'twist'>): boolean => {
  if (form === 'tag') return !['proof-flipped', 'attestation', 'other-instance'].includes(twist);
  return twist !== 'promise-flipped' || generation === 'former';
};

const places = [
  ...registryNames.map((registry) => ({ registry, generation: 'current', form: 'bundle' }) as const),
  { registry: 'go', generation: 'former', form: 'bundle' },
  { registry: 'docker', generation: 'former', form: 'tag' },
] as const;

/** Every twist on every registry, by both generations and in both forms, signers drawn. */
export const drawKeylessCases = (seed: number): readonly KeylessCase[] => {
  const all = places
    .flatMap((place) => keylessTwists.map((twist) => ({ ...place, twist })))
    .filter(isPossible);
  const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const drawn = fc.sample(fc.tuple(fc.constantFrom(...whos), at), { seed, numRuns: all.length });
  return all.map(({ registry, generation, form, twist }, index) => {
    const [who, at] = drawn[index]!;
    const id = `${registry}-${generation}-${form}-${who}-${twist}`;
    const good = twist === 'honest' || twist === 'junk-beside';
    return { id, registry, generation, form, who, twist, at, good, repository: `${generation}-${who}/${id}` };
  });
};
