import type { ImageReference } from '../image/reference.ts';
import type { ReportedAcceptance } from '../vulnerability/report/scan-report.ts';
import type { Vulnerability } from '../vulnerability/vulnerability.ts';
import { matchesImage } from './compiled-policy.ts';
import type { PolicySet } from './policy-set.ts';

/** What policies accept of one vulnerability, as a report tells it. */
export interface AcceptedByPolicies {
  /** Whether each policy that judges it accepts all of it: then nobody counts it. */
  readonly isAccepted: boolean;
  readonly by: readonly ReportedAcceptance[];
}

/** What the policies that judge an image accept of its vulnerabilities. */
export const acceptancesOf = (
  set: PolicySet,
  { image, namespace }: { readonly image: ImageReference; readonly namespace: string },
): ((vulnerability: Vulnerability, now: number) => AcceptedByPolicies) => {
  const judging = set
    .forNamespace(namespace)
    .policies.filter(({ match }) => matchesImage(match, image))
    .flatMap(({ name, evidence }) =>
      evidence.flatMap(({ acceptance }) => (acceptance === undefined ? [] : [{ name, acceptance }])),
    );
  return (vulnerability, now) => {
    const said = judging.map(({ name, acceptance }) => ({ name, ...acceptance(vulnerability, now) }));
    return {
      isAccepted: said.length > 0 && said.every(({ isWhole }) => isWhole),
      by: said.flatMap(({ name, rows }) => rows.map((row) => ({ policy: name, ...row }))),
    };
  };
};
