import { describe, expect, test } from 'vitest';
import { keylessBundle } from '../../../test/fakes/signature/keyless.ts';
import { createSigstore, now, signedAt } from '../../../test/fakes/signature/sigstore-instance.ts';
import { bundleLayer, verification } from '../../../test/fakes/signature/signed-layers.ts';
import { verifyCandidate } from './verify-candidate.ts';
import type { CandidateLayer, VerificationResult } from './verification.ts';

const acme = createSigstore();
const verify = (layer: CandidateLayer): VerificationResult =>
  verifyCandidate(verification([layer], { trustRoots: [acme.snapshot()], now }));
const outcome = ({ claims }: VerificationResult): string => (claims.length > 0 ? 'believed' : 'rejected');

type Material = Record<string, unknown> & { tlogEntries: readonly Record<string, unknown>[] };
interface Bundle {
  readonly verificationMaterial: object;
}
/** The bundle after a change of what stands beside the signature. */
const changed = (bundle: Bundle, change: (material: Material) => object): CandidateLayer => {
  const material = structuredClone(bundle.verificationMaterial) as Material;
  return bundleLayer({ ...bundle, verificationMaterial: { ...material, ...change(material) } });
};
const stampsOf = (bundle: Bundle): readonly { readonly signedTimestamp: string }[] =>
  (bundle.verificationMaterial as { timestampVerificationData: { rfc3161Timestamps: [] } })
    .timestampVerificationData.rfc3161Timestamps;

describe('a flipped bit', () => {
  const flip = (bytes: Uint8Array, at: number): Buffer =>
    Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));
  /** Some forty places, both ends among them: each costs a verification. */
  const flips = (bytes: Uint8Array): readonly string[] => {
    const step = Math.max(1, Math.floor(bytes.length / 40));
    const places = Array.from({ length: Math.ceil(bytes.length / step) }, (_, at) => at * step);
    return [...places, bytes.length - 1].map((at) => flip(bytes, at).toString('base64'));
  };
  const bytesIn = (text: unknown): Buffer => Buffer.from(text as string, 'base64');
  const honest = keylessBundle(acme);
  const [entry] = (honest.verificationMaterial as unknown as Material).tlogEntries as [
    Record<string, unknown>,
  ];

  test('in the certificate', () => {
    const { rawBytes } = (honest.verificationMaterial as { certificate: { rawBytes: string } }).certificate;
    for (const flipped of flips(bytesIn(rawBytes)))
      expect(outcome(verify(changed(honest, () => ({ certificate: { rawBytes: flipped } }))))).not.toBe(
        'believed',
      );
  });

  test('in the body, the promise and each hash of the proof of an entry', () => {
    const proof = entry['inclusionProof'] as { hashes: string[]; rootHash: string };
    const variants: readonly object[] = [
      ...flips(bytesIn(entry['canonicalizedBody'])).map((canonicalizedBody) => ({ canonicalizedBody })),
      ...flips(
        bytesIn((entry['inclusionPromise'] as { signedEntryTimestamp: string }).signedEntryTimestamp),
      ).map((signedEntryTimestamp) => ({ inclusionPromise: { signedEntryTimestamp } })),
      ...flips(bytesIn(proof.hashes[0])).map((hash) => ({ inclusionProof: { ...proof, hashes: [hash] } })),
      ...flips(bytesIn(proof.rootHash)).map((rootHash) => ({ inclusionProof: { ...proof, rootHash } })),
    ];
    for (const variant of variants) {
      const layer = changed(honest, () => ({ tlogEntries: [{ ...entry, ...variant }] }));
      expect(outcome(verify(layer))).not.toBe('believed');
    }
  });

  test('in the checkpoint', () => {
    const proof = entry['inclusionProof'] as { checkpoint: { envelope: string } };
    const text = proof.checkpoint.envelope;
    for (let at = 0; at < text.length; at += 2) {
      const envelope = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
      const layer = changed(honest, () => ({
        tlogEntries: [{ ...entry, inclusionProof: { ...proof, checkpoint: { envelope } } }],
      }));
      // The name of the signer is a hint: which key signed is what counts.
      const name = text.slice(text.indexOf('\u2014'), text.lastIndexOf(' '));
      if (!name.includes(text[at]!) || at < text.indexOf('\u2014'))
        expect([at, outcome(verify(layer))]).not.toEqual([at, 'believed']);
    }
  });

  test('in a timestamp', () => {
    const stamped = keylessBundle(acme, { log: 'none', stamped: true });
    const [stamp] = stampsOf(stamped);
    for (const signedTimestamp of flips(bytesIn(stamp!.signedTimestamp))) {
      const timestampVerificationData = { rfc3161Timestamps: [{ signedTimestamp }] };
      const result = verify(changed(stamped, () => ({ timestampVerificationData })));
      // Bytes that nobody signs, such as a version, may differ; the time never does.
      for (const claim of result.claims) expect(claim.times.map(({ at }) => at)).toEqual([signedAt]);
    }
  });

  test('in the payload and in the signature', () => {
    const { payload, signatures } = honest.dsseEnvelope;
    for (const flipped of flips(bytesIn(payload)))
      expect(
        outcome(
          verify(bundleLayer({ ...honest, dsseEnvelope: { ...honest.dsseEnvelope, payload: flipped } })),
        ),
      ).not.toBe('believed');
    for (const sig of flips(bytesIn(signatures[0]!.sig)))
      expect(
        outcome(
          verify(bundleLayer({ ...honest, dsseEnvelope: { ...honest.dsseEnvelope, signatures: [{ sig }] } })),
        ),
      ).not.toBe('believed');
  });
});
