import { shownBriefly, shownLines } from '../text/shown-text.ts';
import type { JsonValue } from '../text/json/json.ts';
import type { Mode } from '../policy/mode.ts';
import type { Finding } from './finding.ts';
import { compareTexts } from './order.ts';

/** What a constraint asks for, in Gatekeeper's words. */
export type ConstraintAction = 'deny' | 'warn' | 'dryrun';

/** What came of one constraint that speaks of a request. */
export interface ConstraintJudgement {
  readonly kind: string;
  readonly name: string;
  /** What follows from each violation, the strictest first. */
  readonly actions: readonly ConstraintAction[];
  readonly violations: readonly { readonly msg: string; readonly details: JsonValue }[];
  /** Violations beyond those. */
  readonly more: number;
  /** Why the constraint could not be asked, or not about everything. This is never "no violation". */
  readonly problems: readonly ConstraintProblem[];
}
interface ConstraintProblem {
  readonly code: 'constraint-error' | 'constraint-unusable' | 'namespace-unavailable';
  readonly message: string;
}

const check = 'constraint';

export const isOfConstraint = (finding: Pick<Finding, 'check'>): boolean => finding.check === check;

const modes: Readonly<Record<ConstraintAction, Mode>> = { deny: 'Deny', warn: 'Warn', dryrun: 'Audit' };

/** As much of a message as an answer can show. */
const maxConstraintMessage = 8 * 1024;
const maxDetail = 512;

const hasFields = (details: JsonValue): boolean =>
  typeof details !== 'object' || details === null || Object.keys(details).length > 0;

/** The findings of constraints, the mode last. `isShadow`: nobody is to be refused or warned. */
export const constraintFindings = (
  judgements: readonly ConstraintJudgement[],
  isShadow: boolean,
): readonly Finding[] =>
  judgements.flatMap(({ kind, name, actions, violations, problems }) => {
    const policy = `${kind}/${name}`;
    return actions.flatMap((action): Finding[] => {
      const mode = isShadow ? 'Audit' : modes[action];
      const violated = violations.map(({ msg, details }): Finding => ({
        policy,
        check,
        mode,
        code: 'constraint-violated',
        message: shownLines(msg, maxConstraintMessage),
        ...(hasFields(details) ? { detail: shownBriefly(JSON.stringify(details), maxDetail) } : {}),
      }));
      const failed = problems.map(({ code, message }): Finding => ({
        policy,
        check,
        mode,
        code,
        message: shownLines(message, maxConstraintMessage),
      }));
      return [...violated, ...failed];
    });
  });

/** Findings of constraints in the order in which people read them: by message, then kind and name. */
export const inConstraintOrder = (findings: readonly Finding[]): readonly Finding[] =>
  findings
    .filter(isOfConstraint)
    .sort((a, b) => compareTexts(a.message, b.message) || compareTexts(a.policy, b.policy));

/** `[name] message`, as Gatekeeper says it. */
export const constraintLine = ({ policy, message }: Pick<Finding, 'policy' | 'message'>): string =>
  `[${policy.slice(policy.indexOf('/') + 1)}] ${message}`;
