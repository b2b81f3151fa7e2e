/*
 * signature
 *
 * Reads:   what candidates beside the image prove: who signed which digest, when, under which name.
 * Allows:  an image that enough of the authorities have signed, each with a signer of its own.
 * Refuses: signature-missing, -untrusted, -invalid, -mismatch, -not-logged, -expired, -revoked, -threshold, -limit,
 *          -unavailable: one finding an image, by the candidate that came furthest.
 */
import type { SignatureClaim } from '../facts/claim.ts';
import { signatureNeed } from '../facts/signature-kind.ts';
import type { MultiArch, SignatureCheck } from '../policy/schema/schema.ts';
import { ok, type Result } from '../result.ts';
import type { EvidenceCheckOf } from './check.ts';
import { claimNeedOf, claimRuleOf, standingsOf, compileTerms } from './signature/claim-check.ts';
import { signedUnder, withAnnotations, type ClaimCondition } from './signature/condition.ts';

const conditionsOf = ({
  signedAs,
  annotations,
}: SignatureCheck): readonly ClaimCondition<SignatureClaim>[] => [
  ...(signedAs === undefined ? [] : [signedUnder(signedAs)]),
  ...(annotations === undefined ? [] : [withAnnotations(annotations)]),
];

/** `signature`: enough of the authorities have signed what is judged. */
export const signatureCheck = (
  config: SignatureCheck,
  multiArch: MultiArch,
): Result<EvidenceCheckOf<'signature'>, string> => {
  const terms = compileTerms<SignatureClaim>(config, {
    thing: 'signature',
    missing: 'signature-missing',
    kind: () => undefined,
    conditions: conditionsOf(config),
    contents: [],
    select: 'Any',
  });
  if (!terms.ok) return terms;
  const text = JSON.stringify({ signature: config });
  const written = { text, config, terms: terms.value, multiArch, indexCovers: true };
  return ok({
    id: 'signature',
    need: signatureNeed(claimNeedOf(written)),
    readsNamespaceLabels: false,
    rules: [claimRuleOf(written)],
    ...standingsOf(written),
  });
};
