/*
 * attestation
 *
 * Reads:   what candidates beside the image prove: who attested what about which digest, and when.
 * Allows:  an image about which enough of the authorities attested what the policy asks for.
 * Refuses: attestation-missing, -condition, -error, and for the signature of an attestation the codes of `signature`: one
 *          finding an image, by the candidate that came furthest.
 */
import type { AttestationClaim } from '../facts/claim.ts';
import { predicateTypeOf } from '../facts/predicate-type.ts';
import { attestationNeed } from '../facts/signature-kind.ts';
import type { AttestationCheck, MultiArch } from '../policy/schema/schema.ts';
import { fail, ok, type Result } from '../result.ts';
import type { EvidenceCheckOf } from './check.ts';
import { claimNeedOf, claimRuleOf, standingsOf, compileTerms } from './signature/claim-check.ts';
import { dated, type ClaimCondition } from './signature/condition.ts';
import { compileProvenance, expressionHolds, ofType } from './signature/statement.ts';

const contentsOf = ({
  provenance,
  expression,
}: AttestationCheck): Result<readonly ClaimCondition<AttestationClaim>[], string> => {
  const says = provenance === undefined ? ok([]) : compileProvenance(provenance);
  if (!says.ok) return says;
  return ok([...says.value, ...(expression === undefined ? [] : [expressionHolds(expression)])]);
};

/** `attestation`: enough of the authorities attested what is asked for. */
export const attestationCheck = (
  config: AttestationCheck,
  multiArch: MultiArch,
): Result<EvidenceCheckOf<'attestation'>, string> => {
  const { select, expression } = config;
  const predicateType = predicateTypeOf(config.predicateType);
  if (predicateType === undefined) return fail('predicateType is neither a URI nor a word of cosign');
  const contents = contentsOf(config);
  if (!contents.ok) return contents;
  const terms = compileTerms<AttestationClaim>(config, {
    thing: `attestation ${config.predicateType}`,
    missing: 'attestation-missing',
    kind: ofType(predicateType),
    conditions: select === 'Newest' ? [dated] : [],
    contents: contents.value,
    select,
  });
  if (!terms.ok) return terms;
  const text = JSON.stringify({ attestation: config });
  const written = { text, config, terms: terms.value, multiArch, indexCovers: false };
  return ok({
    id: 'attestation',
    need: attestationNeed({
      ...claimNeedOf(written),
      predicateTypes: [predicateType],
      expressions: expression === undefined ? [] : [{ predicateType, text: expression }],
    }),
    readsNamespaceLabels: false,
    rules: [claimRuleOf(written)],
    ...standingsOf(written),
  });
};
