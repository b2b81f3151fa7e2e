/** From a registry to the verdict: what policies say of an image by what stands beside it. */
import { unitedNeeds } from '../../../src/core/facts/evidence-kind.ts';
import { known } from '../../../src/core/facts/fact.ts';
import { parseReference } from '../../../src/core/image/reference.ts';
import { policySet } from '../policy-set.ts';
import { judge, type Specs } from '../verdict.ts';
import type { ClaimEvidence } from './claim-evidence.ts';

/** @param text with its digest */
export const verdictOn = async (specs: Specs, text: string, gate: ClaimEvidence, now: number) => {
  const needs = policySet(specs)
    .forNamespace('shop')
    .policies.map(({ needs: wanted }) => wanted)
    .reduce(unitedNeeds);
  const reference = parseReference(text);
  if (!reference.ok || reference.value.digest === undefined) throw new Error(`no digest in ${text}`);
  const { signature, attestation } = await gate.ask(text, needs);
  const evidence = {
    pinned: known(reference.value.digest),
    facts: { signature, attestation },
    tried: ['anonymous: used'],
  };
  const verdict = judge(specs, text, { evidence, situation: { now } });
  return { ...verdict, codes: verdict.findings.map(({ code }) => code) };
};

export const eachPlatform = (check: object): Specs => ({
  p: { multiArch: { mode: 'each-platform' }, checks: [check] },
});
