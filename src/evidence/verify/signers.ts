import type { ClaimCheckResult, LogProof, Signer, TrustedTime } from '../../core/facts/claim.ts';
import type { Digest } from '../../core/image/digest.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import {
  readSignerCertificates,
  verifySigner,
  type SignerCertificates,
  type SignerRejection,
} from './certificate-signer.ts';
import type { SignedMaterial } from './form/signed-material.ts';
import type { LoggedSignature } from './log/logged-signature.ts';
import { isSignedBy } from './signature/is-signed-by.ts';
import { signatureId } from './signature/signature-id.ts';
import { strongKey, type PolicyKey } from './signature/public-key.ts';
import type { PreparedRoot, SigstoreRoot } from './trust/prepared-root.ts';
import { uniteWitnesses, witnessesOf, type RootWitnesses, type Witnesses } from './witnesses.ts';

/** A signer that is believed, who saw the signature, and what was checked of both. */
export interface Believed {
  readonly signer: Signer;
  readonly signature: Digest;
  readonly logs: readonly LogProof[];
  readonly times: readonly TrustedTime[];
  readonly checks: readonly ClaimCheckResult[];
}
type BelievedSigner = Omit<Believed, 'signature'>;
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
    const id = signatureId(key, signature);
    return [{ signer, signature: id, ...seen, checks: [signaturePassed, ...checks] }];
  });

/** What others say of the time counts only where the certificates were valid: before and after anybody may hold the key. */
const within = (
  { logs, times, checks }: Witnesses,
  { from, until }: { readonly from: number; readonly until: number },
): Witnesses => ({ logs, checks, times: times.filter(({ at }) => from <= at && at <= until) });

interface SeenBy {
  readonly root: SigstoreRoot;
  readonly by: RootWitnesses;
}

/**
 * The signer by the times of other roots, where its own says none: a policy may ask another root for the time
 * (`require.trustRoot`). Each dates it by itself, and the whole chain must be valid at every time of that one (S5). Together,
 * the time of a root that one policy asks could refuse what another policy lets in (S2).
 */
const datedByOthers = (
  certificates: SignerCertificates,
  root: SigstoreRoot,
  seen: readonly SeenBy[],
  now: number,
): readonly Result<BelievedSigner, Disbelieved>[] =>
  seen
    .filter((other) => other.root !== root && other.by.times.length > 0)
    .map(({ root: { name: datedBy }, by }) => {
      const verified = verifySigner(certificates, root, by, now);
      if (!verified.ok) return fail({ ...verified.error, checks: [signaturePassed, ...by.checks] });
      const { signer, checks } = verified.value;
      const { logs, times } = within(by, signer.validity);
      return ok({
        signer: { ...signer, datedBy },
        logs,
        times,
        checks: [signaturePassed, ...checks, ...by.checks],
      });
    });

/** What one trust root makes of a certificate: it is a signer for each that stands behind it. */
const signersBy = (
  certificates: SignerCertificates,
  root: PreparedRoot,
  seen: readonly SeenBy[],
  now: number,
): readonly Result<BelievedSigner, Disbelieved>[] => {
  const dated = seen.find((one) => one.root === root)?.by ?? uniteWitnesses([]);
  const verified = verifySigner(certificates, root, dated, now);
  if (!verified.ok) {
    const refused = fail({ ...verified.error, checks: [signaturePassed, ...dated.checks] });
    const isUndated = root.kind === 'sigstore' && verified.error.isUndated === true;
    return [refused, ...(isUndated ? datedByOthers(certificates, root, seen, now) : [])];
  }
  const { signer, checks } = verified.value;
  const all = within(uniteWitnesses(seen.map(({ by }) => by)), signer.validity);
  return [ok({ signer, ...all, checks: [signaturePassed, ...checks, ...all.checks] })];
};

const certificateSignersOf = (
  material: SignedMaterial,
  { roots }: Trust,
  now: number,
): Result<readonly Believed[], Disbelieved> => {
  const certificates = readSignerCertificates(material.certificates);
  if (!certificates.ok) return fail({ ...certificates.error, checks: [] });
  const { leaf } = certificates.value;
  const read = strongKey(leaf.key);
  if (!read.ok) {
    const why = `the key of its certificate does not count: ${read.error}`;
    return fail({ fault: 'invalid', why, checks: [signatureFailed] });
  }
  const key = read.value;
  const signature = material.signatures.find((one) => isSignedBy(key, material.message, one));
  if (signature === undefined)
    return fail({ fault: 'invalid', why: 'its signature is wrong', checks: [signatureFailed] });
  const logged = loggedOf(material, signature, { kind: 'certificate', der: leaf.der });
  const seen = sigstoreOnly(roots).map((root) => ({ root, by: witnessesOf(material, logged, root, now) }));
  const all = roots.flatMap((root) => signersBy(certificates.value, root, seen, now));
  const id = signatureId(key, signature);
  const signers = all.flatMap((one) => (one.ok ? [{ ...one.value, signature: id }] : []));
  if (signers.length > 0) return ok(signers);
  const rejections = all.flatMap((one) => (one.ok ? [] : [one.error]));
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
