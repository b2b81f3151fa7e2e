import type {
  PlatformPackages,
  VulnerabilityFacts,
} from '../../src/core/facts/vulnerability/vulnerability-facts.ts';
import type { Match } from '../../src/core/vulnerability/match.ts';
import { codesOf, judge, pinned } from './verdict.ts';
import { listed, vulnerabilityEvidence, vulnerabilityFacts } from './vulnerability-facts.ts';

/** The least that is legal. */
export const leastCheck = {
  max: { critical: 0 },
  evidence: [{ sbom: { unsigned: true } }],
  unscanned: 'Deny',
  gaps: 'Deny',
};
/** The check with other fields; an undefined one is left out. */
export const written = (check: object) =>
  Object.fromEntries(Object.entries({ ...leastCheck, ...check }).filter(([, value]) => value !== undefined));
export const decide = (check: object, facts: VulnerabilityFacts, spec: object = {}) =>
  judge({ p: { checks: [{ vulnerabilities: written(check) }], ...spec } }, pinned, {
    evidence: vulnerabilityEvidence(facts),
  });
export const findings = (...of: Parameters<typeof decide>) => decide(...of).findings;
export const codes = (...of: Parameters<typeof decide>) => findings(...of).map(({ code }) => code);
export const on = (check: object, ...matches: readonly Match[]) =>
  codes(check, vulnerabilityFacts(listed(...matches)));
export const of = (packages: PlatformPackages, check: object = {}, spec: object = {}) =>
  codesOf(decide(check, vulnerabilityFacts(packages), spec));
