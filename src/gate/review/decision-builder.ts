import type { Clock } from '../../concurrency/clock.ts';
import type { Decision, JudgedImage, JudgedObject } from '../../core/decision/decision.ts';
import { atField } from '../../core/decision/finding-place.ts';
import {
  constraintLine,
  inConstraintOrder,
  isOfConstraint,
} from '../../core/decision/constraint-findings.ts';
import type { Finding } from '../../core/decision/finding.ts';
import { inOrder } from '../../core/decision/order.ts';
import type { FindingCode, SkipCode } from '../../core/reasons/reason.ts';
import { limitDecision } from '../../core/decision/limit.ts';
import type { Deadline } from '../deadline.ts';
import type { ConstraintVerdict } from '../constraints.ts';
import type { DecisionIds } from '../ports.ts';
import type { Repeat, Repeats } from './repeats.ts';

/** What every decision says about where it comes from. */
type OriginFields = Pick<
  Decision,
  'source' | 'cluster' | 'uid' | 'operation' | 'user' | 'caller' | 'dryRun' | 'object'
>;

/** A request, with what constraints say about it: they speak in every decision, however its review ends. */
export interface DecisionOrigin extends OriginFields {
  readonly constraints?: ConstraintVerdict;
}

/** The result of a review. Everything else in the record follows from it. */
export interface Outcome {
  readonly images?: readonly JudgedImage[];
  readonly findings?: readonly Finding[];
  readonly warnings?: readonly string[];
  readonly skipped?: { readonly code: SkipCode; readonly message: string };
  /** Version of the policy set in force; absent when there was none. */
  readonly policies?: string;
  /** The trust roots and advisories by which images were judged, as `versions` names them. */
  readonly evidenceVersions?: Readonly<Record<string, string>>;
  /** Milliseconds that were spent on evidence; absent when none was asked for. */
  readonly evidence?: number | undefined;
}

interface DecisionBuilderDeps {
  readonly clock: Clock;
  readonly ids: DecisionIds;
  /** Version of the gate itself. */
  readonly version: string;
  /** Absent where nothing is recorded. */
  readonly repeats?: Repeats;
}

/** The warning text of a finding of a policy in mode Warn. */
export const warningOf = (finding: Finding): string =>
  isOfConstraint(finding)
    ? constraintLine(finding)
    : `${finding.message} (${finding.policy === '' ? 'gate' : `policy ${finding.policy}`}: ${finding.code}${atField(finding)})`;

/** Constraints warn first, in the order of Gatekeeper. */
const warnedFirst = (findings: readonly Finding[]): readonly Finding[] => {
  const ofConstraints = inConstraintOrder(findings);
  return ofConstraints.length === 0
    ? findings
    : [...ofConstraints, ...findings.filter((finding) => !isOfConstraint(finding))];
};

const round = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;

type Draft = { -readonly [Key in keyof Decision]: Decision[Key] };

/**
 * The record as far as the origin goes. Fields are set one by one, in the order in which they are printed: spreading
 * the origin cost more than judging the images.
 */
const beginRecord = (
  origin: DecisionOrigin,
  id: string,
  time: string,
): Pick<Draft, keyof OriginFields | 'id' | 'time'> & Partial<Draft> => {
  const { source, cluster, uid, operation, user, caller, dryRun, object } = origin;
  const draft: Partial<Draft> = { apiVersion: 'imagegate.dev/v1alpha1', kind: 'Decision', id, time, source };
  if (cluster !== undefined) draft.cluster = cluster;
  if (uid !== undefined) draft.uid = uid;
  if (operation !== undefined) draft.operation = operation;
  if (user !== undefined) draft.user = user;
  if (caller !== undefined) draft.caller = caller;
  if (dryRun !== undefined) draft.dryRun = dryRun;
  draft.object = object;
  return draft as ReturnType<typeof beginRecord>;
};

/** The same under the id of the first. Set, not spread: most reviews of a busy cluster are repeats. */
const repeatOf = (decision: Draft, { id, count, firstTime }: Repeat): Decision => {
  decision.id = id;
  decision.count = count;
  decision.firstTime = firstTime;
  return decision;
};

const none: readonly never[] = [];

/** Adds what constraints say. Only a request that nothing else judged is skipped because its namespace is excluded. */
const withConstraints = (
  draft: Draft,
  { findings, version, omitted, titles, took, isExcluded }: ConstraintVerdict,
): void => {
  if (findings.length > 0) draft.findings = inOrder([...findings, ...draft.findings]);
  draft.versions = { ...draft.versions, constraints: version };
  draft.durations = { ...draft.durations, constraints: round(took) };
  if (Object.keys(titles).length > 0) draft.titles = titles;
  const { Deny, Warn, Audit } = omitted;
  if (Deny + Warn + Audit > 0) {
    draft.truncated = Deny + Warn + Audit;
    draft.omitted = { constraints: Deny, policies: 0, warnings: Warn };
  }
  const isJudged = draft.images.length > 0 || draft.findings.length > 0;
  const isSkipped = draft.skipped !== undefined && draft.skipped.code !== 'no-policy';
  if (isExcluded && !isJudged && !isSkipped) draft.skipped = excluded;
};

const excluded = {
  code: 'excluded',
  message: 'the Config of Gatekeeper excludes this namespace from constraints',
} as const;

/** Makes decision records. `allowed` follows from the findings alone: nothing can say "allowed" beside a denial. */
export const createDecisionBuilder =
  ({ clock, ids, version, repeats }: DecisionBuilderDeps) =>
  (origin: DecisionOrigin, outcome: Outcome, started: number): Decision => {
    const {
      findings = none,
      images = none,
      warnings = none,
      skipped,
      policies,
      evidenceVersions,
      evidence,
    } = outcome;
    const draft = beginRecord(origin, ids.next(), new Date(clock.now()).toISOString());
    draft.images = images;
    draft.findings = findings;
    draft.allowed = true;
    draft.warnings = warnings;
    if (skipped !== undefined) draft.skipped = skipped;
    draft.exemptions = none;
    draft.versions =
      policies === undefined ? { gate: version } : { gate: version, policies, ...evidenceVersions };
    const total = round(clock.monotonic() - started);
    draft.durations = evidence === undefined ? { total } : { total, evidence: round(evidence) };
    if (origin.constraints !== undefined) withConstraints(draft as Draft, origin.constraints);
    draft.allowed = !draft.findings.some((finding) => finding.mode === 'Deny');
    const warned = warnedFirst(draft.findings.filter((finding) => finding.mode === 'Warn')).map(warningOf);
    if (warned.length > 0) draft.warnings = [...warned, ...warnings];
    // Decisions are compared by their record, so the key is as bounded as the record (R24).
    const decision = limitDecision(draft as Decision);
    const repeat = repeats?.count(decision);
    return repeat === undefined ? decision : repeatOf(decision, repeat);
  };
export type DecisionBuilder = ReturnType<typeof createDecisionBuilder>;

/** A finding of the gate itself about the whole request: it always denies. */
export const gateFinding = (
  code: FindingCode,
  message: string,
  more: Pick<Finding, 'detail' | 'remedy' | 'path'> = {},
): Finding => ({ policy: '', check: 'gate', mode: 'Deny', code, message, ...more });

/** R8: policies that are not loaded yet are not "no policies". */
export const policiesLoading = (why: string): Finding =>
  gateFinding('policies-unavailable', 'the policies are not loaded yet', {
    detail: why,
    remedy: 'try again in a moment; if it stays, read the log of the gate',
  });

/** An object of which nothing could be read. */
export const unknownObject: JudgedObject = { apiVersion: '', kind: '' };

export const lateFinding = ({ remaining }: Pick<Deadline, 'remaining'>): Finding =>
  gateFinding('deadline-exceeded', 'the review did not end before its deadline', {
    detail: `${Math.max(0, Math.round(-remaining()))} ms over`,
    remedy: 'try again; if it stays, read which evidence is slow in the metrics of the gate',
  });

/** A timeout is a decision. */
export const timedOut = (deadline: Pick<Deadline, 'remaining'>): Outcome => ({
  findings: [lateFinding(deadline)],
});
