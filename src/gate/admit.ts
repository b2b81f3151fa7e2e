import type { Clock } from '../concurrency/clock.ts';
import { untilAborted } from '../concurrency/abort.ts';
import { andThen, orElse, type Awaitable } from '../concurrency/awaitable.ts';
import type { Decision } from '../core/decision/decision.ts';
import type { Finding } from '../core/decision/finding.ts';
import type { CompileExpression } from '../core/policy/schema/schema.ts';
import { isJsonObject, type JsonObject } from '../core/text/json/json.ts';
import type { WorkloadTable } from '../core/workload/kinds/kinds.ts';
import type { AdmissionRequest } from './admission-request.ts';
import type { ConstraintReader, ConstraintVerdict } from './constraints.ts';
import type { Deadline } from './deadline.ts';
import { gateFinding, timedOut, type DecisionBuilder, type Outcome } from './review/decision-builder.ts';
import { guardNamespace } from './review/guard-namespace.ts';
import type { JudgeConstraints } from './review/judge-constraints.ts';
import { judgeConstraintObject, judgePolicy, judgeTrustRoot } from './review/judge-policy.ts';
import type { PolicySource } from './ports.ts';
import { apiVersionOf, defectOf, admissionOrigin } from './admission/admission-origin.ts';
import { unknownKind } from './review/unknown-kind.ts';
import type { Review } from './review/review.ts';

interface AdmitDeps {
  readonly review: Review;
  readonly buildDecision: DecisionBuilder;
  readonly policies: PolicySource;
  /** Absent: this gate knows no constraints. */
  readonly judgeConstraints?: JudgeConstraints | undefined;
  /** Judges templates and constraints on their way in. Absent: somebody else does. */
  readonly constraintReader?: ConstraintReader | undefined;
  readonly workloads: WorkloadTable;
  /** For policies that are on their way into the cluster. */
  readonly compileExpression: CompileExpression;
  readonly clock: Clock;
  readonly unknownKinds: 'allow' | 'deny';
  readonly admins: ReadonlySet<string>;
  /** Called with every unexpected error; the request was denied with `internal-error`. */
  readonly onBug: (error: unknown) => void;
}

/** R19: what the API server says about the object and what the object says about itself must agree. */
const disagreement = (request: AdmissionRequest): Pick<Finding, 'path' | 'message'> | undefined => {
  const { object, kind } = request;
  if (object === null) return { message: `request.object: is missing in a ${request.operation}` };
  if (object['kind'] !== kind.kind) {
    return { path: 'kind', message: 'kind: request.kind and the kind of the object disagree' };
  }
  if (object['apiVersion'] !== apiVersionOf(kind.group, kind.version)) {
    return {
      path: 'apiVersion',
      message: 'apiVersion: request.kind and the apiVersion of the object disagree',
    };
  }
  const metadata = object['metadata'];
  return isJsonObject(metadata) || metadata === undefined || metadata === null
    ? undefined
    : { path: 'metadata', message: 'metadata: must be an object' };
};

const isNamespace = ({ kind }: AdmissionRequest): boolean => kind.group === '' && kind.kind === 'Namespace';

/** The short cuts of hop 2: decided without looking at an image, each recorded with its reason. */
const shortCut = (request: AdmissionRequest): Outcome | undefined => {
  const { operation, subResource } = request;
  if (operation !== 'CREATE' && operation !== 'UPDATE') {
    return { skipped: { code: 'operation', message: `${operation} starts no image` } };
  }
  // Both subresources of a Namespace accept labels, so they would be a way around R12.
  if (isNamespace(request)) return undefined;
  // No other subresource skips the review: one of a later Kubernetes version must not let images in (B19).
  if (subResource === 'status' || subResource === 'scale') {
    return { skipped: { code: 'subresource', message: `${subResource} carries no image` } };
  }
  return undefined;
};

const notJudged = (request: AdmissionRequest, unknownKinds: 'allow' | 'deny'): Outcome => {
  const { group, version, kind } = request.kind;
  const { message, remedy, finding } = unknownKind(apiVersionOf(group, version), kind);
  if (unknownKinds === 'deny') return { findings: [finding] };
  return { warnings: [`${message}; ${remedy}`], skipped: { code: 'not-judged', message } };
};

/** R9: objects of the gate's own kinds are judged on their way in. */
const judgeOwn = (kind: string, object: JsonObject, deps: AdmitDeps): Outcome | undefined => {
  if (kind === 'ImagePolicy') return judgePolicy(object, deps.compileExpression);
  return kind === 'TrustRoot' ? judgeTrustRoot(object) : undefined;
};

/** The gate's own kinds, and those of Gatekeeper where this gate keeps them. */
const judgeGuarded = ({ kind, object }: AdmissionRequest, deps: AdmitDeps): Outcome | undefined => {
  if (object === null) return undefined;
  if (kind.group === 'imagegate.dev') return judgeOwn(kind.kind, object, deps);
  return deps.constraintReader === undefined
    ? undefined
    : judgeConstraintObject(kind, object, deps.constraintReader);
};

/** Hop 2 for everything that is no workload. `undefined`: a workload row covers the object. */
const decideWithoutImages = (
  request: AdmissionRequest,
  isJudged: boolean,
  deps: AdmitDeps,
): Outcome | undefined => {
  const short = shortCut(request);
  if (short !== undefined) return short;
  const wrong = disagreement(request);
  if (wrong !== undefined) {
    const { message, ...more } = wrong;
    const finding = gateFinding('malformed-request', message, {
      ...more,
      remedy: 'send a well-formed object',
    });
    return { findings: [finding] };
  }
  const { group, kind } = request.kind;
  if (deps.workloads.byKind(group, kind) !== undefined) return undefined;
  const guarded = judgeGuarded(request, deps);
  if (guarded !== undefined) return guarded;
  if (isNamespace(request)) return guardNamespace(request, deps.policies, deps.admins);
  if (deps.workloads.isWithoutImages(group, kind)) return {};
  // A constraint speaks of the kind, so somebody looks at it.
  if (isJudged && deps.unknownKinds === 'allow') return {};
  return notJudged(request, deps.unknownKinds);
};

/** Settles with the review, or with a timeout at the deadline: that is a decision too, never a hanging call. */
const beforeDeadline = async (
  review: Promise<Decision>,
  late: () => Decision,
  { deadline, onBug }: { readonly deadline: Deadline; readonly onBug: (error: unknown) => void },
): Promise<Decision> => {
  const signal = deadline.signal();
  // Nobody waits for the result then, but a defect is still reported.
  if (signal.aborted) review.catch(onBug);
  return (await untilAborted(review, signal, () => undefined)) ?? late();
};

/** Hops 2 to 6 for images and for the gate's own kinds, with what constraints said before. */
const createJudge =
  (deps: AdmitDeps) =>
  (
    request: AdmissionRequest,
    constraints: ConstraintVerdict | undefined,
    started: number,
    deadline: Deadline,
  ): Awaitable<Decision> => {
    const { buildDecision, workloads, review, onBug } = deps;
    const origin = admissionOrigin(request, constraints);
    const isJudged = constraints !== undefined && constraints.judged > 0;
    const decided = decideWithoutImages(request, isJudged, deps);
    if (decided !== undefined) return buildDecision(origin, decided, started);
    const row = workloads.byKind(request.kind.group, request.kind.kind);
    if (row === undefined || request.object === null) throw new Error('a workload without its row or object');
    const what = { kind: 'workload' as const, row, object: request.object, oldObject: request.oldObject };
    const reviewed = review({ origin, namespace: request.namespace, what, started }, deadline);
    // Most reviews need no I/O: they are settled here and pay for no timer.
    if (!(reviewed instanceof Promise)) return reviewed;
    const late = (): Decision => buildDecision(origin, timedOut(deadline), started);
    return beforeDeadline(reviewed, late, { deadline, onBug });
  };

/**
 * Judges one admission request. Never rejects: the unexpected becomes a deny with `internal-error`, here and
 * nowhere else. Nothing in the object, no user, header, annotation or deletionTimestamp is a short cut (B14-B16).
 */
export const createAdmit = (deps: AdmitDeps) => {
  const { buildDecision, clock, judgeConstraints, onBug } = deps;
  const judge = createJudge(deps);
  return (request: AdmissionRequest, deadline: Deadline): Awaitable<Decision> => {
    const started = clock.monotonic();
    return orElse(
      () =>
        andThen(judgeConstraints?.(request, deadline), (constraints) =>
          constraints === 'late'
            ? buildDecision(admissionOrigin(request), timedOut(deadline), started)
            : judge(request, constraints, started, deadline),
        ),
      (error) => {
        onBug(error);
        return buildDecision(admissionOrigin(request), defectOf(), started);
      },
    );
  };
};
