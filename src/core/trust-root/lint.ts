import { requirementsOf } from '../policy/schema/authority.ts';
import type { ImagePolicy, PolicyAuthority, PolicyCheck } from '../policy/schema/schema.ts';
import { namedTrustRoots } from './named-roots.ts';

/** Something about a trust root that is legal and probably not meant. */
export interface TrustRootRemark {
  readonly trustRoot: string;
  readonly path: readonly (string | number)[];
  readonly severity: 'warning';
  readonly message: string;
}

const authoritiesOf = (check: PolicyCheck): readonly PolicyAuthority[] => {
  if ('signature' in check) return check.signature.authorities;
  if ('vulnerabilities' in check)
    return check.vulnerabilities.evidence.flatMap(({ sbom }) => sbom?.authorities ?? []);
  return 'attestation' in check ? check.attestation.authorities : [];
};

/** The roots that a policy asks, also those that stand for what it does not say. */
const askedBy = (policy: ImagePolicy): readonly string[] => [
  ...namedTrustRoots(policy).map(({ name }) => name),
  ...policy.spec.checks.flatMap((check) =>
    authoritiesOf(check).flatMap((authority) => requirementsOf(authority).trustRoot ?? []),
  ),
];

/** Remarks on trust roots that no policy of their set asks. */
export const lintTrustRoots = (
  names: readonly string[],
  policies: readonly ImagePolicy[],
): readonly TrustRootRemark[] => {
  const asked = new Set(policies.flatMap(askedBy));
  return names
    .filter((name) => !asked.has(name))
    .map((trustRoot) => ({
      trustRoot,
      path: ['metadata', 'name'],
      severity: 'warning',
      message: 'no policy of this set asks this trust root; name it in a check, or remove it',
    }));
};
