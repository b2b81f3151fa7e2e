import type { Finding } from '../../core/decision/finding.ts';
import type { FindingCode } from '../../core/reasons/reason.ts';
import type { ReportedVulnerability, ScanReport } from '../../core/vulnerability/report/scan-report.ts';
import type { Judged } from '../render/decision-table.ts';

/** Why the advisories do not answer for what was found. */
export interface FeedProblems {
  readonly code: Extract<FindingCode, 'advisories-unavailable' | 'advisories-too-old'>;
  readonly problems: readonly string[];
}

const noPolicy = { policy: '', check: 'scan' } as const;

const vulnerabilityFinding = (one: ReportedVulnerability): Finding => {
  const { id, severity, packages, fixed, counted, malicious, aliases } = one;
  const where = packages.map(({ name, version }) => `${name} ${version}`).join(', ');
  return {
    ...noPolicy,
    mode: counted ? 'Deny' : 'Audit',
    path: id,
    code: malicious === true ? 'malicious-package' : 'vulnerable',
    message: `${id} ${severity === 'unknown' ? 'of unknown severity' : severity} in ${where}`,
    ...(aliases.length === 0 ? {} : { detail: `also known as ${aliases.join(', ')}` }),
    ...(fixed === undefined ? {} : { remedy: `use ${fixed}` }),
  };
};

/** What was not looked at fails too: to whoever reads no exit code an empty page would look clean. */
const openFinding = (code: FindingCode, message: string, isAllowed = false): Finding => ({
  ...noPolicy,
  mode: isAllowed ? 'Audit' : 'Deny',
  code,
  message,
});

/** What pages of findings and test reports show of a scan: each vulnerability, and what was not looked at. */
export const judgedBy = (
  { target, platform, vulnerabilities, gaps, problems }: ScanReport,
  feeds: FeedProblems,
  allowedGaps: ReadonlySet<string>,
): Judged => {
  const findings = [
    ...vulnerabilities.map(vulnerabilityFinding),
    ...gaps.map(({ kind, what }) =>
      openFinding('vulnerability-gap', `${kind}: ${what}`, allowedGaps.has(kind)),
    ),
    ...problems.map((problem) => openFinding('vulnerabilities-unscanned', problem)),
    ...feeds.problems.map((problem) => openFinding(feeds.code, problem)),
  ];
  return {
    object: {
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: target.startsWith('sbom:') ? 'PackageList' : 'ImageReference',
      name: platform === undefined ? target : `${target} (${platform})`,
    },
    findings,
    allowed: findings.every(({ mode }) => mode !== 'Deny'),
  };
};
