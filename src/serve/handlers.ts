import { randomInt } from 'node:crypto';
import type { WebhookHandlers } from '../adapters/webhook/handlers.ts';
import { andThen } from '../concurrency/awaitable.ts';
import type { Config } from '../config/resolved.ts';
import { version } from '../config/version.ts';
import type { Decision } from '../core/decision/decision.ts';
import type { CompileExpression } from '../core/policy/schema/schema.ts';
import type { JsonObject } from '../core/text/json/json.ts';
import { createWorkloadTable, type WorkloadTable } from '../core/workload/kinds/kinds.ts';
import type { Evidence } from '../evidence/gather.ts';
import { createAdmit } from '../gate/admit.ts';
import { createAdmitByConstraints } from '../gate/admission/admit-by-constraints.ts';
import type { AdmissionRequest } from '../gate/admission-request.ts';
import {
  createDecisionBuilder,
  gateFinding,
  unknownObject,
  type DecisionBuilder,
} from '../gate/review/decision-builder.ts';
import { createDecisionIds } from '../gate/review/decision-ids.ts';
import { createMutate } from '../gate/mutation/mutate.ts';
import type { Mutation } from '../gate/mutation/mutation.ts';
import type { NamespaceReader, PolicySource } from '../gate/ports.ts';
import { createPublish, type DecisionSink } from '../gate/publish.ts';
import type { RegistryEvents, RegistryEventSource } from '../gate/prefetch/registry-events.ts';
import { createJudgeConstraints, type ConstraintDeps } from '../gate/review/judge-constraints.ts';
import { createRepeats } from '../gate/review/repeats.ts';
import { createReview, type ReviewDeps } from '../gate/review/review.ts';
import { createReviewImages } from '../gate/review-images.ts';
import { createSlices, type Slices } from '../gate/review/slices.ts';
import type { Prefetch } from '../gate/prefetch/prefetch.ts';
import type { Lifecycle } from './lifecycle.ts';
import { systemClock } from '../concurrency/clock.ts';
import type { Telemetry } from './telemetry.ts';
import { openPrefetch } from './prefetch.ts';

interface HandlerParts {
  readonly replica: string;
  readonly source: PolicySource;
  readonly namespaces: NamespaceReader;
  readonly compileExpression: CompileExpression;
  /** Absent: this gate asks no constraints. */
  readonly constraints?: ConstraintDeps | undefined;
  readonly sinks: readonly DecisionSink[];
  /** Absent when this gate asks no registry. */
  readonly evidence?: {
    readonly access: { readonly evidence: Evidence };
    readonly eventSources: () => readonly RegistryEventSource[];
  };
  /** Called after the answer with each decision that has findings, and its object. */
  readonly emit?: (decision: Decision, object: JsonObject | null) => void;
}

const openDecisionBuilder = ({ replica }: HandlerParts): DecisionBuilder =>
  createDecisionBuilder({
    clock: systemClock,
    ids: createDecisionIds(replica, systemClock, randomInt(32 ** 3)),
    version,
    repeats: createRepeats(systemClock),
  });

/** The review, with reports to the operator. */
const openReview = (
  config: Config,
  parts: HandlerParts,
  { buildDecision, slices }: Pick<ReviewDeps, 'buildDecision' | 'slices'>,
  { log, metrics }: Telemetry,
) =>
  createReview({
    policies: parts.source,
    namespaces: parts.namespaces,
    buildDecision,
    clock: systemClock,
    slices,
    evidence: parts.evidence?.access.evidence,
    unmatched: config.unmatched.value,
    onUnsure: (unsure) => {
      if (unsure.weakened) metrics.count('overrides');
      log.warn('policies were applied though the labels of the namespace are not known', { ...unsure });
    },
    onUninformed: (uninformed) => {
      if (uninformed.weakened) metrics.count('overrides');
      log.warn('images were judged without the evidence that policies ask for', { ...uninformed });
    },
  });

/** Work after the answer: record, log, metrics, Events, and the prefetch. */
const createAfterwards = (
  { sinks, emit }: HandlerParts,
  prefetch: Prefetch | undefined,
  count: (decision: Decision) => void,
  onBug: (error: unknown) => void,
) => {
  // Constraints on everything are asked about every Lease and every Event of the cluster.
  const countedOnly = new WeakSet<Decision>();
  const publish = createPublish(sinks, onBug);
  // An Event needs the owner of the object, and the prefetch needs its template. The decision holds neither.
  const requests = new WeakMap<Decision, AdmissionRequest>();
  return {
    keep: (decision: Decision, request: AdmissionRequest): void => {
      const wanted = emit !== undefined && decision.findings.length > 0;
      if (wanted || (prefetch !== undefined && request.kind.kind !== 'Pod')) requests.set(decision, request);
    },
    /** It is counted and stands in no record. */
    onlyCount: (decision: Decision): void => void countedOnly.add(decision),
    answered: (decision: Decision): void => {
      if (countedOnly.has(decision)) {
        count(decision);
        return;
      }
      publish(decision);
      const request = requests.get(decision);
      if (request === undefined) return;
      if (decision.findings.length > 0) emit?.(decision, request.object);
      prefetch?.admitted(request, decision);
    },
  };
};

/** Reports a defect of the gate to the operator, with the answer that the request got. */
const bugs =
  ({ log, metrics }: Telemetry) =>
  (consequence: string) =>
  (error: unknown): void => {
    metrics.count('bugs');
    log.error(`an unexpected error ${consequence}: this is a defect of the gate`, {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  };

const outcomeOf = ({ patch, warnings }: Mutation): string => {
  if (warnings.length > 0) return 'incomplete';
  return patch.length > 0 ? 'pinned' : 'unchanged';
};

const countingMutations =
  (mutate: ReturnType<typeof createMutate>, { metrics }: Telemetry): WebhookHandlers['mutate'] =>
  async (request, deadline) => {
    const mutation = await mutate(request, deadline);
    metrics.count('mutations', { outcome: outcomeOf(mutation) });
    return mutation;
  };

/** What becomes of pushes that registries report. */
const eventsTo = (
  { access, eventSources }: NonNullable<HandlerParts['evidence']>,
  prefetch: Prefetch,
): RegistryEvents => ({
  sources: eventSources,
  pushed: (image) => {
    // A referrer is pushed under no tag: the event does not always tell it from an image.
    access.evidence.pushedTo?.(image);
    return prefetch.pushed(image);
  },
  attached: (image) => access.evidence.pushedTo?.(image),
});

const constraintsOf = (
  { constraints }: HandlerParts,
  slices: Slices,
  onBug: (error: unknown) => void,
): Pick<Parameters<typeof createAdmit>[0], 'judgeConstraints' | 'constraintReader'> =>
  constraints === undefined
    ? {}
    : {
        judgeConstraints: createJudgeConstraints({ ...constraints, clock: systemClock, slices, onBug }),
        constraintReader: constraints.reader,
      };

/** Whether a constraint may refuse what is not judged. In the shadow, and where all of them only warn, none does. */
const mayRefuse = ({ constraints }: HandlerParts): boolean => {
  if (constraints === undefined || constraints.isShadow) return false;
  const state = constraints.source.current();
  return state.state === 'loaded' && state.set.isDenying;
};

/** Makes the denial of a request that was not judged. */
const createRejected =
  (parts: HandlerParts, buildDecision: DecisionBuilder): WebhookHandlers['rejected'] =>
  ({ endpoint, code, message, remedy, uid, caller }) => {
    const finding = gateFinding(code, message, { remedy });
    const isRefused = endpoint !== 'constraints' || mayRefuse(parts);
    return buildDecision(
      { source: 'admission', caller, object: unknownObject, ...(uid === undefined ? {} : { uid }) },
      { findings: [isRefused ? finding : { ...finding, mode: 'Audit' }] },
      systemClock.monotonic(),
    );
  };

type AdmissionParts = Pick<ReviewDeps, 'buildDecision' | 'slices'> & { readonly workloads: WorkloadTable };

/** The ways to judge: by policies and constraints, by constraints alone, by policies of images alone. */
const openAdmission = (
  config: Config,
  parts: HandlerParts,
  { buildDecision, slices, workloads }: AdmissionParts,
  telemetry: Telemetry,
) => {
  const bug = bugs(telemetry);
  const onBug = bug('became a deny');
  const constraints = constraintsOf(
    parts,
    slices,
    bug('left what constraints in the shadow say out of a decision'),
  );
  const review = openReview(config, parts, { buildDecision, slices }, telemetry);
  return {
    admit: createAdmit({
      review,
      buildDecision,
      policies: parts.source,
      ...constraints,
      workloads,
      compileExpression: parts.compileExpression,
      clock: systemClock,
      unknownKinds: config.unknownKinds.value,
      admins: new Set(config.admins.value),
      onBug,
    }),
    imageReview: createReviewImages({ review, buildDecision, clock: systemClock, onBug }),
    admitByConstraints: createAdmitByConstraints({
      judgeConstraints: constraints.judgeConstraints,
      buildDecision,
      clock: systemClock,
      onBug: bug('left a request to the failure policy of its webhook'),
    }),
  };
};

/** The use cases behind the paths of the webhook. `lifecycle` ends their background work. */
export const createHandlers = (
  config: Config,
  parts: HandlerParts,
  telemetry: Telemetry,
  lifecycle?: Pick<Lifecycle, 'add'>,
): WebhookHandlers => {
  const { source, namespaces, evidence } = parts;
  const workloads = createWorkloadTable(config.workloads.value);
  const slices = createSlices(systemClock);
  const buildDecision = openDecisionBuilder(parts);
  const bug = bugs(telemetry);
  const onBug = bug('became a deny');
  const { admit, admitByConstraints, imageReview } = openAdmission(
    config,
    parts,
    { buildDecision, slices, workloads },
    telemetry,
  );
  const registries = evidence?.access.evidence;
  const deps = { policies: source, namespaces, slices };
  const prefetch =
    registries === undefined
      ? undefined
      : openPrefetch(
          { ...deps, workloads, evidence: registries, onBug: bug('ended a look in advance') },
          telemetry,
          lifecycle,
        );
  const after = createAfterwards(parts, prefetch, (one) => telemetry.metrics.decided(one), onBug);
  return {
    validate: (request, deadline) =>
      andThen(admit(request, deadline), (decision) => {
        after.keep(decision, request);
        return decision;
      }),
    constraints: (request, deadline) =>
      andThen(admitByConstraints(request, deadline), (decision) => {
        const isWorkload = workloads.byKind(request.kind.group, request.kind.kind) !== undefined;
        if (decision.findings.length === 0 && !isWorkload) after.onlyCount(decision);
        else if (decision.findings.length > 0) after.keep(decision, request);
        return decision;
      }),
    mutate: countingMutations(
      createMutate({ ...deps, evidence: registries, onBug: bug('left a Pod as it came') }),
      telemetry,
    ),
    imageReview,
    rejected: createRejected(parts, buildDecision),
    answered: after.answered,
    ...(evidence !== undefined && prefetch !== undefined
      ? { registryEvents: eventsTo(evidence, prefetch) }
      : {}),
  };
};
