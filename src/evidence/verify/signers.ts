import type { ClaimCheckResult, LogProof, Signer, TrustedTime } from '../../core/facts/claim.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { readSignerCertificates, verifySigner, type SignerRejection } from './certificate-signer.ts';
import type { SignedMaterial } from './form/signed-material.ts';
import type { LoggedSignature } from './log/logged-signature.ts';
import { isSignedBy } from './signature/is-signed-by.ts';
import { readSpki, type PolicyKey } from './signature/public-key.ts';
import type { PreparedRoot, SigstoreRoot } from './trust/prepared-root.ts';
import { uniteWitnesses, witnessesOf, type Witnesses } from './witnesses.ts';

/** A signer that is believed, who saw the signature, and what was checked of both. */
export interface Believed {
  readonly signer: Signer;
  readonly logs: readonly LogProof[];
  readonly times: readonly TrustedTime[];
  readonly checks: readonly ClaimCheckResult[];
}
interface Disbelieved extends SignerRejection {
  readonly checks: readonly ClaimCheckResult[];
}
interface Trust {
  readonly keys: readonly PolicyKey[];
  readonly roots: readonly PreparedRoot[];
}

export const signaturePassed: ClaimCheckResult = { check: 'signature', outcome: 'passed' };
const signatureFailed: ClaimCheckResult = { check: 'signature', outcome: 'failed' };

const loggedOf = (
  { message, payload, stamped }: SignedMaterial,
  signature: Uint8Array,
  verifier: LoggedSignature['verifier'],
): LoggedSignature => ({
  signature,
  message,
  verifier,
  ...(payload.kind === 'dsse' && { payload: payload.bytes }),
  ...(stamped && { envelope: stamped }),
});

const sigstoreOnly = (roots: readonly PreparedRoot[]): readonly SigstoreRoot[] =>
  roots.filter((root) => root.kind === 'sigstore');

/** Each key counts once, however often it signed. */
const keySignersOf = (material: SignedMaterial, { keys, roots }: Trust, now: number): readonly Believed[] =>
  keys.flatMap(({ key, der, signer }) => {
    const signature = material.signatures.find((one) => isSignedBy(key, material.message, one));
    if (signature === undefined) return [];
    const logged = loggedOf(material, signature, { kind: 'key', der });
    const { checks, ...seen } = uniteWitnesses(
      sigstoreOnly(roots).map((root) => witnessesOf(material, logged, root, now)),
    );
    return [{ signer, ...seen, checks: [signaturePassed, ...checks] }];
  });

/** What others say of the time counts only where the certificates were valid: before and after anybody may hold the key. */
const within = (
  { logs, times, checks }: Witnesses,
  { from, until }: { readonly from: number; readonly until: number },
): Witnesses => ({ logs, checks, times: times.filter(({ at }) => from <= at && at <= until) });

/** Each trust root that stands behind the certificate is a signer by itself. */
const certificateSignersOf = (
  material: SignedMaterial,
  { roots }: Trust,
  now: number,
): Result<readonly Believed[], Disbelieved> => {
  const certificates = readSignerCertificates(material.certificates);
  if (!certificates.ok) return fail({ ...certificates.error, checks: [] });
  const { leaf } = certificates.value;
  const key = readSpki(leaf.spki);
  const signature = material.signatures.find((one) => key.ok && isSignedBy(key.value, material.message, one));
  if (signature === undefined) {
    const why = key.ok ? 'its signature is wrong' : `the key of its certificate does not count: ${key.error}`;
    return fail({ fault: 'invalid', why, checks: [signatureFailed] });
  }
  const logged = loggedOf(material, signature, { kind: 'certificate', der: leaf.der });
  const seen = sigstoreOnly(roots).map((root) => ({ root, by: witnessesOf(material, logged, root, now) }));
  const signers: Believed[] = [];
  const rejections: Disbelieved[] = [];
  for (const root of roots) {
    const dated = seen.find((one) => one.root === root)?.by ?? uniteWitnesses([]);
    const verified = verifySigner(certificates.value, root, dated, now);
    if (!verified.ok) {
      rejections.push({ ...verified.error, checks: [signaturePassed, ...dated.checks] });
      continue;
    }
    const { signer, checks } = verified.value;
    const all = within(uniteWitnesses(seen.map(({ by }) => by)), signer.validity);
    signers.push({ signer, ...all, checks: [signaturePassed, ...checks, ...all.checks] });
  }
  if (signers.length > 0) return ok(signers);
  const worst =
    rejections.find(({ fault }) => fault === 'invalid') ??
    rejections.find(({ isIssued }) => isIssued) ??
    rejections[0];
  return fail(
    worst ?? {
      fault: 'untrusted',
      why: 'no trust root is asked that could stand behind its certificate',
      checks: [signaturePassed],
    },
  );
};

/** @returns why nobody is believed, by the check that went furthest */
export const signersOf = (
  material: SignedMaterial,
  trust: Trust,
  now: number,
): Result<readonly Believed[], Disbelieved> => {
  const byKey = keySignersOf(material, trust, now);
  if (material.certificates.length === 0)
    return byKey.length > 0
      ? ok(byKey)
      : fail({
          fault: 'untrusted',
          why: 'no key that the policy names made its signature',
          checks: [signatureFailed],
        });
  const byCertificate = certificateSignersOf(material, trust, now);
  if (byCertificate.ok) return ok([...byKey, ...byCertificate.value]);
  return byKey.length > 0 ? ok(byKey) : byCertificate;
};
