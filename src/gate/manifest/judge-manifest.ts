import type { Clock } from '../../concurrency/clock.ts';
import type { Decision, JudgedObject } from '../../core/decision/decision.ts';
import type { Finding } from '../../core/decision/finding.ts';
import { withShortTexts } from '../../core/decision/limit.ts';
import { shown } from '../../core/text/shown-text.ts';
import { isJsonObject, type JsonObject } from '../../core/text/json/json.ts';
import type { ManifestObject } from '../../core/workload/manifest.ts';
import { objectName } from '../../core/workload/object-metadata.ts';
import { stepsOf } from '../../core/workload/object-path.ts';
import type { Place, Places } from '../../core/text/parsed-text.ts';
import { groupOf, type WorkloadTable } from '../../core/workload/kinds/kinds.ts';
import type { Deadline } from '../deadline.ts';
import {
  gateFinding,
  timedOut,
  type DecisionBuilder,
  type DecisionOrigin,
} from '../review/decision-builder.ts';
import type { JudgeConstraints } from '../review/judge-constraints.ts';
import { creationOf } from './manifest-constraints.ts';
import { manifestNamespace } from './manifest-namespace.ts';
import type { Review } from '../review/review.ts';
import { unknownKind } from '../review/unknown-kind.ts';

interface JudgeManifestDeps {
  readonly review: Review;
  readonly buildDecision: DecisionBuilder;
  readonly workloads: WorkloadTable;
  readonly clock: Clock;
  /** Absent: the policies hold no constraints. */
  readonly judgeConstraints?: JudgeConstraints | undefined;
  readonly unknownKinds: 'allow' | 'deny';
  /** `-n`, else `default`: the namespace of objects that name none. */
  readonly defaultNamespace: string;
}

/** `not-a-workload`: a known kind without a pod spec; `unknown-kind`: it is not known whether it has one. */
export type ManifestOutcome =
  | { readonly outcome: 'judged'; readonly decision: Decision }
  | { readonly outcome: 'not-a-workload' }
  | { readonly outcome: 'unknown-kind'; readonly apiVersion: string; readonly kind: string };

/** R19: the API server could not read it, and the gate cannot know its namespace or name. */
const isMalformed = ({ metadata }: JsonObject): boolean =>
  metadata !== undefined && metadata !== null && !isJsonObject(metadata);

const malformed = gateFinding('malformed-request', 'metadata: must be an object', {
  path: 'metadata',
  remedy: 'send a well-formed object',
});

const describeObject = (manifest: ManifestObject, namespace: string): JudgedObject => {
  const { object, apiVersion, kind, file, line, column } = manifest;
  const name = objectName(object);
  return {
    apiVersion: shown(apiVersion),
    kind: shown(kind),
    ...(namespace === '' ? {} : { namespace: shown(namespace) }),
    ...(name === '' ? {} : { name: shown(name) }),
    file: shown(file),
    line,
    column,
  };
};

/** The place of the value that a path names; for a missing one, of the last value on the way. */
const createPlaces = (manifest: ManifestObject): ((path: string | undefined) => Place) => {
  const places = new Map<string, Place>();
  let placeOf: Places | undefined;
  const find = (path: string): Place => (placeOf ??= manifest.places())(stepsOf(path));
  return (path) => {
    if (path === undefined) return manifest;
    const place = places.get(path) ?? find(path);
    places.set(path, place);
    return place;
  };
};

/** The finding that gives the object its place: one that denies and names a field, if there is one. */
const mostTelling = (findings: readonly Finding[]): Finding | undefined => {
  const denying = findings.filter(({ mode }) => mode === 'Deny');
  const first = denying.length > 0 ? denying : findings;
  return first.find(({ path }) => path !== undefined) ?? first[0];
};

/** Each finding with its place, and the object with that of one of them. */
const placed = (decision: Decision, manifest: ManifestObject): Decision => {
  if (decision.findings.length === 0) return decision;
  const placeOf = createPlaces(manifest);
  const findings = decision.findings.map((finding) => {
    const { line, column } = placeOf(finding.path);
    return { ...finding, line, column };
  });
  const { line, column } = placeOf(mostTelling(findings)?.path);
  return { ...decision, object: { ...decision.object, line, column }, findings };
};

/** An object that embeds no pod spec, judged or not. */
const withoutImages = (
  { apiVersion, kind }: ManifestObject,
  origin: DecisionOrigin,
  started: number,
  { workloads, unknownKinds, buildDecision }: JudgeManifestDeps,
): ManifestOutcome => {
  const isJudged = (origin.constraints?.findings.length ?? 0) > 0 || (origin.constraints?.judged ?? 0) > 0;
  const isKnown = workloads.isWithoutImages(groupOf(apiVersion), kind);
  if (isKnown && !isJudged) return { outcome: 'not-a-workload' };
  if (isKnown || (isJudged && unknownKinds === 'allow'))
    return { outcome: 'judged', decision: buildDecision(origin, {}, started) };
  if (unknownKinds === 'allow') return { outcome: 'unknown-kind', apiVersion, kind };
  const { finding } = unknownKind(apiVersion, kind);
  return { outcome: 'judged', decision: buildDecision(origin, { findings: [finding] }, started) };
};

/**
 * Judges one object of a manifest as if it were created now: the same review as the webhook's, so the two agree
 * on every object. There is no old object, so every image is new (R2); the namespace is the manifest's (R3).
 * Constraints are asked about every kind.
 */
export const createJudgeManifest = (deps: JudgeManifestDeps) => {
  const { review, buildDecision, workloads, clock, judgeConstraints } = deps;

  const judge = async (manifest: ManifestObject, deadline: Deadline): Promise<ManifestOutcome> => {
    const { object, apiVersion, kind } = manifest;
    const row = workloads.byKind(groupOf(apiVersion), kind);
    const namespace = manifestNamespace(row, object, deps.defaultNamespace);
    const started = clock.monotonic();
    const constraints = await judgeConstraints?.(creationOf(manifest, namespace), deadline);
    const described = { source: 'manifest' as const, object: describeObject(manifest, namespace) };
    if (constraints === 'late')
      return { outcome: 'judged', decision: buildDecision(described, timedOut(deadline), started) };
    const origin = constraints === undefined ? described : { ...described, constraints };
    if (row === undefined) return withoutImages(manifest, origin, started, deps);
    if (isMalformed(object))
      return { outcome: 'judged', decision: buildDecision(origin, { findings: [malformed] }, started) };
    const what = { kind: 'workload' as const, row, object, oldObject: null };
    return { outcome: 'judged', decision: await review({ origin, namespace, what, started }, deadline) };
  };

  return async (manifest: ManifestObject, deadline: Deadline): Promise<ManifestOutcome> => {
    const judged = await judge(manifest, deadline);
    if (judged.outcome !== 'judged') return judged;
    return { ...judged, decision: placed(withShortTexts(judged.decision), manifest) };
  };
};
