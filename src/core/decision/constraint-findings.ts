import { maxShownLength, shownBriefly, shownLines } from '../text/shown-text.ts';
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
  /** Of the template, for people. */
  readonly title?: string | undefined;
  /** What follows from each violation, the strictest first. */
  readonly actions: readonly ConstraintAction[];
  readonly violations: readonly { readonly msg: string; readonly details: JsonValue }[];
  /** Violations beyond those. */
  readonly more: number;
  /** Violations that say nothing: they are no results, but whoever wrote them should know. */
  readonly withoutMessage: number;
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
const maxMessage = 8 * 1024;
/**
 * UTF-16 units of all messages of a review that are kept in full, many times what an answer shows. Attack: an object whose
 * constraints say megabytes of it, a thousand times.
 */
const maxMessages = 256 * 1024;
const maxTitles = 16;
const maxTitle = 128;

const hasFields = (details: JsonValue): boolean =>
  typeof details !== 'object' || details === null || Object.keys(details).length > 0;

/** Shows messages: the first of them in full, the rest as the record has them. */
const createMessages = () => {
  let left = maxMessages;
  return (text: string): string => {
    const message = shownLines(text, left > 0 ? maxMessage : maxShownLength);
    left -= message.length;
    return message;
  };
};

/** The findings of constraints, the mode last. `isShadow`: nobody is to be refused or warned. */
export const constraintFindings = (
  judgements: readonly ConstraintJudgement[],
  isShadow: boolean,
): readonly Finding[] => {
  const messageOf = createMessages();
  return judgements.flatMap(({ kind, name, actions, violations, problems }) => {
    const policy = `${kind}/${name}`;
    const violated = violations.map(({ msg, details }) => ({
      code: 'constraint-violated' as const,
      message: messageOf(msg),
      ...(hasFields(details) ? { detail: shownBriefly(JSON.stringify(details), maxShownLength) } : {}),
    }));
    const failed = problems.map(({ code, message }) => ({ code, message: messageOf(message) }));
    return actions.flatMap((action): readonly Finding[] => {
      const mode = isShadow ? 'Audit' : modes[action];
      return [...violated, ...failed].map((said) => ({ policy, check, mode, ...said }));
    });
  });
};

/** Violations that are not among the findings, by what follows from them. */
export const omittedViolations = (
  judgements: readonly ConstraintJudgement[],
  isShadow: boolean,
): Readonly<Record<Mode, number>> => {
  const omitted = { Deny: 0, Warn: 0, Audit: 0 };
  for (const { actions, more } of judgements)
    for (const action of actions) omitted[isShadow ? 'Audit' : modes[action]] += more;
  return omitted;
};

/** Titles of the templates of constraints that have something to say, by the kind of the constraint. */
export const templateTitles = (
  judgements: readonly ConstraintJudgement[],
): Readonly<Record<string, string>> => {
  const titles = new Map<string, string>();
  for (const { kind, title = '', violations, problems } of judgements)
    if (title !== '' && violations.length + problems.length > 0 && titles.size < maxTitles)
      titles.set(kind, shownBriefly(title, maxTitle));
  return Object.fromEntries(titles);
};

/** Findings of constraints in the order in which people read them: by message, then kind and name. */
export const inConstraintOrder = (findings: readonly Finding[]): readonly Finding[] =>
  findings
    .filter(isOfConstraint)
    .sort((a, b) => compareTexts(a.message, b.message) || compareTexts(a.policy, b.policy));

/** `[name] message`, as Gatekeeper says it. */
export const constraintLine = ({ policy, message }: Pick<Finding, 'policy' | 'message'>): string =>
  `[${policy.slice(policy.indexOf('/') + 1)}] ${message}`;
