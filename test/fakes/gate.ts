import type { Clock } from '../../src/concurrency/clock.ts';
import type { Decision } from '../../src/core/decision/decision.ts';
import type { Uninformed } from '../../src/core/decision/decide.ts';
import type { Unmatched } from '../../src/core/decision/unmatched.ts';
import { outage, type Fact } from '../../src/core/facts/fact.ts';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import type { Labels } from '../../src/core/policy/match/label-selector.ts';
import type { CompileExpression } from '../../src/core/policy/schema/schema.ts';
import type { BrokenPolicy } from '../../src/core/policy-set/compiled-policy.ts';
import { createWorkloadTable } from '../../src/core/workload/kinds/kinds.ts';
import { parseWorkloadRow } from '../../src/core/workload/kinds/workload-row.ts';
import type { WorkloadKind } from '../../src/core/workload/kinds/workload-kind.ts';
import type { Evidence } from '../../src/evidence/gather.ts';
import { createAdmitByConstraints } from '../../src/gate/admission/admit-by-constraints.ts';
import { createAdmit } from '../../src/gate/admit.ts';
import type { AdmissionRequest } from '../../src/gate/admission-request.ts';
import { deadlineAfter } from '../../src/gate/deadline.ts';
import { createDecisionBuilder } from '../../src/gate/review/decision-builder.ts';
import { createDecisionIds } from '../../src/gate/review/decision-ids.ts';
import { createMutate } from '../../src/gate/mutation/mutate.ts';
import type { Mutation } from '../../src/gate/mutation/mutation.ts';
import type { NamespaceReader, PolicyState } from '../../src/gate/ports.ts';
import { createJudgeConstraints, type ConstraintDeps } from '../../src/gate/review/judge-constraints.ts';
import { createReview, type Unsure } from '../../src/gate/review/review.ts';
import { createReviewImages } from '../../src/gate/review-images.ts';
import { createSlices } from '../../src/gate/review/slices.ts';
import { anyExpression, policySet } from './policy-set.ts';

/** A clock that only moves when it is told to. */
export interface FakeClock extends Clock {
  advance(milliseconds: number): void;
}
export const fakeClock = (start = Date.UTC(2026, 0, 1)): FakeClock => {
  let passed = 0;
  return {
    now: () => start + passed,
    monotonic: () => passed,
    advance: (milliseconds) => void (passed += milliseconds),
  };
};

export interface FakeGateOptions {
  readonly policies?: Readonly<Record<string, object>>;
  readonly broken?: readonly BrokenPolicy[];
  readonly state?: PolicyState;
  readonly namespaces?: Readonly<Record<string, Labels>> | NamespaceReader;
  readonly unmatched?: Unmatched;
  readonly unknownKinds?: 'allow' | 'deny';
  /** Rows of `workloads`. */
  readonly workloads?: readonly JsonObject[];
  readonly admins?: readonly string[];
  readonly clock?: FakeClock;
  readonly budget?: number;
  readonly evidence?: Evidence;
  readonly compileExpression?: CompileExpression;
  readonly constraints?: ConstraintDeps;
}

const readerOf = (namespaces: FakeGateOptions['namespaces']): NamespaceReader => {
  if (namespaces !== undefined && typeof namespaces['labels'] === 'function')
    return namespaces as NamespaceReader;
  const known = (namespaces ?? {}) as Readonly<Record<string, Labels>>;
  return {
    labels: (name): Fact<Labels> =>
      Object.hasOwn(known, name)
        ? { state: 'known', value: known[name] ?? {} }
        : outage(`labels of namespace ${name}`, 'the test knows no such namespace'),
  };
};

const rowOf = (row: JsonObject): WorkloadKind => {
  const parsed = parseWorkloadRow(row);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

/** The whole gate in process, with the outside world replaced at its ports. */
export const fakeGate = (options: FakeGateOptions = {}) => {
  const clock = options.clock ?? fakeClock();
  const buildDecision = createDecisionBuilder({
    clock,
    ids: createDecisionIds('test', clock, 7),
    version: '0.0.0',
  });
  const set = policySet(options.policies ?? {}, options.broken);
  const policies = { current: (): PolicyState => options.state ?? { state: 'loaded', set } };
  const slices = createSlices(clock);
  const bugs: unknown[] = [];
  const unsure: Unsure[] = [];
  const uninformed: (Uninformed & { readonly namespace: string })[] = [];
  const review = createReview({
    policies,
    namespaces: readerOf(options.namespaces),
    buildDecision,
    clock,
    slices,
    evidence: options.evidence,
    unmatched: options.unmatched,
    onUnsure: (seen) => void unsure.push(seen),
    onUninformed: (seen) => void uninformed.push(seen),
  });
  const onBug = (error: unknown): void => void bugs.push(error);
  const judgeConstraints =
    options.constraints === undefined
      ? undefined
      : createJudgeConstraints({ ...options.constraints, clock, slices, onBug });
  const admit = createAdmit({
    review,
    buildDecision,
    policies,
    compileExpression: options.compileExpression ?? anyExpression,
    workloads: createWorkloadTable((options.workloads ?? []).map(rowOf)),
    clock,
    unknownKinds: options.unknownKinds ?? 'allow',
    admins: new Set(options.admins),
    onBug,
    constraintReader: options.constraints?.reader,
    judgeConstraints,
  });
  const admitByConstraints = createAdmitByConstraints({ buildDecision, judgeConstraints, clock, onBug });
  const namespaces = readerOf(options.namespaces);
  const mutate = createMutate({ policies, namespaces, slices, evidence: options.evidence, onBug });
  const reviewImages = createReviewImages({ review, buildDecision, clock, onBug });
  // No test waits for the end of a review without a budget of its own; a busy machine takes seconds to start a thread.
  const deadline = () => deadlineAfter(options.budget ?? 120_000, clock);
  return {
    bugs,
    unsure,
    uninformed,
    review,
    buildDecision,
    clock,
    admit: async (request: AdmissionRequest, until = deadline()): Promise<Decision> => admit(request, until),
    admitByConstraints: async (request: AdmissionRequest): Promise<Decision> =>
      admitByConstraints(request, deadline()),
    mutate: (request: AdmissionRequest): Promise<Mutation> => mutate(request, deadline()),
    reviewImages: (namespace: string, images: readonly string[]): Promise<Decision> =>
      reviewImages({ namespace, images, caller: 'unverified' }, deadline()),
  };
};

export const pod = (
  containers: Readonly<Record<string, string>>,
  more: { spec?: object; metadata?: object } = {},
): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', ...more.metadata },
  spec: { containers: Object.entries(containers).map(([name, image]) => ({ name, image })), ...more.spec },
});

const textOf = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);

const sentFor = (object: JsonObject | null, more: Partial<AdmissionRequest>): JsonObject => {
  const {
    operation = 'CREATE',
    namespace = 'default',
    name = 'web',
    subResource = '',
    oldObject = null,
  } = more;
  const [version = '', group = ''] = textOf(object?.['apiVersion'], 'v1').split('/').reverse();
  const kind = textOf(object?.['kind'], 'Pod');
  return {
    uid: 'uid-1',
    kind: { group, version, kind },
    operation,
    namespace,
    name,
    ...(subResource === '' ? {} : { subResource }),
    userInfo: { username: 'jane' },
    object,
    oldObject,
  };
};

/** An admission request for an object; kind and group are read from it. */
export const requestFor = (
  object: JsonObject | null,
  more: Partial<AdmissionRequest> = {},
): AdmissionRequest => {
  const [version = '', group = ''] = textOf(object?.['apiVersion'], 'v1').split('/').reverse();
  const kind = textOf(object?.['kind'], 'Pod');
  return {
    uid: 'uid-1',
    kind: { group, version, kind },
    resource: { group, version, resource: `${kind.toLowerCase()}s` },
    subResource: '',
    name: 'web',
    namespace: 'default',
    operation: 'CREATE',
    user: 'jane',
    groups: ['system:authenticated'],
    dryRun: false,
    object,
    oldObject: null,
    sent: sentFor(object, more),
    caller: 'unverified',
    ...more,
  };
};
