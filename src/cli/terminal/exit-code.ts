import type { Decision } from '../../core/decision/decision.ts';
import type { Mode } from '../../core/policy/mode.ts';
import { isUninformed } from '../../core/decision/judge-evidence.ts';

/** Exit codes of every command; they never depend on the output format. */
export const exitCode = {
  clean: 0,
  findings: 1,
  usage: 2,
  incomplete: 3,
  unreachable: 4,
} as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

export const failOnLevels = ['deny', 'warn', 'audit', 'never'] as const;
/** From which mode on a finding makes the command fail. */
export type FailOn = (typeof failOnLevels)[number];

const severity: Record<Mode, number> = { Deny: 3, Warn: 2, Audit: 1 };
const threshold: Record<FailOn, number> = { deny: 3, warn: 2, audit: 1, never: 4 };

/**
 * Precedence 2, 4, 1, 3, 0 (R20): findings outrank incomplete evidence, which outranks clean. Missing evidence is
 * incomplete whatever the mode of its policy: a dead registry is no verdict on the image.
 */
export const exitCodeOf = (decisions: readonly Decision[], failOn: FailOn, incomplete: boolean): ExitCode => {
  const findings = decisions.flatMap((decision) => decision.findings);
  const failed = findings.some(
    (finding) => !isUninformed(finding) && severity[finding.mode] >= threshold[failOn],
  );
  if (failed) return exitCode.findings;
  return incomplete || findings.some(isUninformed) ? exitCode.incomplete : exitCode.clean;
};
