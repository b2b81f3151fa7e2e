import type { CertificateSource } from '../../adapters/certificate/source.ts';
import type { ApiClient } from '../../adapters/kubernetes/client/client.ts';
import { createDiscovery, type ServedResources } from '../../adapters/kubernetes/discovery/discovery.ts';
import { createDoorWriter } from '../../adapters/kubernetes/webhooks/door-writer.ts';
import { expectedDoors } from '../../adapters/kubernetes/webhooks/expected-doors.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { Config } from '../../config/resolved.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { createWorkloadTable } from '../../core/workload/kinds/kinds.ts';
import type { PartState } from '../../gate/readiness.ts';
import { coverageOf, type Coverage } from '../../install/doors/coverage.ts';
import { exemptKinds, type KindDemand } from '../../install/doors/demand.ts';
import type { DoorName } from '../../install/doors/door-configuration.ts';
import { closedAtMost, indexServed, planDoors, type DoorPlan } from '../../install/doors/door-rules.ts';
import { enforcementProblems } from '../../languages/gatekeeper/enforcement.ts';
import { demandOf } from '../../languages/gatekeeper/set/constraint-demand.ts';
import type { ConstraintInForce } from '../../languages/gatekeeper/set/judge-review.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { Telemetry } from '../telemetry.ts';
import { expectedOptions, type ExpectedSettings } from './expected-options.ts';

/** What of a constraint the API server asks the gate about. */
export interface ConstraintReach {
  readonly isAsked: boolean;
  /** Why some of it is not asked about. */
  readonly problem?: string;
}

export interface ConstraintDoors {
  /** Other constraints are in force. */
  readonly follow: (constraints: readonly ConstraintInForce[]) => void;
  /** `undefined`: that is not known yet. */
  readonly asked: (constraint: ConstraintInForce) => ConstraintReach | undefined;
  /** The configuration as the constraints in force want it (R13); what is there as long as that is not known. */
  readonly expected: (name: DoorName) => (found: JsonObject | undefined) => JsonObject;
  /** Called when other rules are expected. */
  readonly onExpected: (listener: () => void) => void;
  /** Compares again: the Lease was gained, or a configuration changed. */
  readonly wake: () => void;
  readonly part: () => PartState;
}

export type DoorSettings = ExpectedSettings &
  Pick<Config, 'constraints' | 'constraintsFailure' | 'constraintOperations'>;

interface DoorParts {
  readonly client: ApiClient;
  readonly config: DoorSettings;
  readonly certificate: Pick<CertificateSource, 'current'>;
  readonly isHolder: () => boolean;
  /** What the doors cover, or want to cover, changed. */
  readonly onChange: () => void;
}

/** Kinds that a status names. */
const maxNamedKinds = 16;

const problemOf = (
  { unasked, hasNoOperation }: Coverage,
  operations: readonly string[],
  why: string | undefined,
): string | undefined => {
  if (hasNoOperation)
    return `this gate is asked about ${operations.join(', ')}, and the template about none of them: see --constraint-operations`;
  if (unasked.length === 0) return undefined;
  const named = unasked.slice(0, maxNamedKinds).join(', ');
  if (why === undefined && unasked.every((kind) => exemptKinds.has(kind)))
    return `the API server asks no webhook about ${named}: the constraint is not enforced there`;
  return why === undefined
    ? `the cluster serves no ${named}: the constraint is not enforced there`
    : `this gate is not asked about ${named}, and the constraint is not enforced there: ${why}`;
};

/** Of a constraint that webhooks do not ask: audit may, or nobody does, by a mistake that came before the gate could refuse it. */
const reachWithoutWebhook = ({ enforcement }: ConstraintInForce): ConstraintReach => {
  const [first] = enforcementProblems(enforcement);
  if (first === undefined) return { isAsked: true };
  return { isAsked: false, problem: `${first.path.join('.')}: ${first.message}` };
};

/** Says what the holder writes into the doors. */
const tellOf = ({ log, metrics }: Telemetry) => {
  const count = (outcome: string): void => metrics.count('doorWrites', { outcome });
  return {
    written: (name: DoorName): void => {
      count('written');
      log.info('the rules of a webhook configuration follow the constraints', { name });
    },
    putBack: (name: DoorName, differences: readonly string[]): void => {
      count('put-back');
      log.error('somebody changed the webhook configuration of constraints: it was put back', {
        name,
        differences,
      });
    },
    failed: (problem: string): void => {
      count('failed');
      log.error('the webhook configurations of constraints could not be written', { problem });
    },
  };
};

const partOf = (trouble: string | undefined, plan: DoorPlan | undefined): PartState => ({
  part: 'constraint doors',
  state: trouble === undefined ? 'ok' : 'trouble',
  detail: trouble ?? `${plan?.closed.size ?? 0} resources wait for the gate`,
});

/** What every replica knows: the resources of the cluster, and by which door each is to come. */
const createDoorState = (config: DoorSettings) => {
  const workloads = createWorkloadTable(config.workloads.value).all;
  const operations = config.constraintOperations.value;
  const isAlwaysOpen = config.constraints.value === 'shadow' || config.constraintsFailure.value === 'Ignore';
  /** `undefined`: they are being read. */
  let served: ServedResources | undefined;
  let index = indexServed([]);
  let demands: readonly KindDemand[] | undefined;
  let plan: DoorPlan | undefined;
  /** The plan that is being written. */
  let taken: DoorPlan | undefined;
  /** Of the last writing; `undefined`: nothing was tried. */
  let outcome: { readonly problem: string | undefined; readonly of: DoorPlan | undefined } | undefined;

  const draw = (): void => {
    // Rules from half of what is known would open what others closed.
    if (demands === undefined || served?.state !== 'known') return;
    plan = planDoors(demands, { workloads, served: index, operations, isAlwaysOpen });
  };
  /** Why nobody is asked but about workloads. `undefined`: both doors are in force, or nothing was tried yet. */
  const whyNot = (): string | undefined =>
    served?.state === 'unknown'
      ? `the resources of the cluster are not known: ${served.why}`
      : outcome?.problem;
  return {
    plan: () => plan,
    /** The plan, to be written. */
    take: (): DoorPlan | undefined => {
      taken = plan;
      return plan;
    },
    /** Whether this is news. */
    wrote: (problem: string | undefined): boolean => {
      const before = outcome;
      outcome = { problem, of: problem === undefined ? taken : plan };
      return before === undefined || before.problem !== problem || before.of !== outcome.of;
    },
    serve: (found: ServedResources): void => {
      served = found;
      if (found.state === 'known') index = indexServed(found.resources, found.unknownGroups);
      draw();
    },
    demand: (wanted: readonly KindDemand[]): void => {
      demands = wanted;
      draw();
    },
    asked: (constraint: ConstraintInForce): ConstraintReach | undefined => {
      const demand = demandOf(constraint);
      if (demand === undefined) return reachWithoutWebhook(constraint);
      const why = whyNot();
      const isWritten = outcome !== undefined && outcome.of === plan;
      if (served === undefined || (why === undefined && !isWritten)) return undefined;
      const coverage = coverageOf(demand, {
        workloads,
        served: index,
        operations,
        hasDoors: why === undefined,
      });
      const problem = problemOf(coverage, operations, why);
      return { isAsked: coverage.isAsked, ...(problem === undefined ? {} : { problem }) };
    },
    part: (): PartState => {
      const unread = served?.state === 'known' ? served.unread.slice(0, 8).join(', ') : '';
      return partOf(whyNot() ?? (unread === '' ? undefined : `not read: ${unread}`), plan);
    },
  };
};

/** What is there as long as nobody knows what the constraints want. */
const expectedOf = (
  expected: ReturnType<typeof expectedDoors>,
  plan: DoorPlan | undefined,
  name: DoorName,
  found: JsonObject | undefined,
): JsonObject => (plan === undefined ? (found ?? {}) : expected(plan, found, '/constraints')[name]);

/** A text that stays the same is told once. */
const once = (tell: (text: string) => void) => {
  let last = '';
  return (text: string): void => {
    if (text !== last) tell(text);
    last = text;
  };
};

/**
 * Keeps the webhook configurations by which constraints are asked about what is no workload. Every replica knows the rules,
 * and compares the cluster with them (R13); the Lease holder writes them.
 */
export const openConstraintDoors = (
  { client, config, certificate, isHolder, onChange }: DoorParts,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): ConstraintDoors => {
  const state = createDoorState(config);
  const tell = tellOf(telemetry);
  const tellUnread = once((problem) =>
    telemetry.log.warn('the resources of the cluster could not be read', { problem }),
  );
  const expected = expectedDoors(expectedOptions(config, certificate));
  const listeners: (() => void)[] = [];
  const changed = (): void => {
    writer.wake();
    onChange();
    for (const listener of listeners) listener();
  };
  const discovery = createDiscovery({
    client,
    clock: systemClock,
    onChange: () => {
      state.serve(discovery.current());
      changed();
    },
    onProblem: ({ message }) => tellUnread(message),
  });
  const writer = createDoorWriter({
    client,
    clock: systemClock,
    isHolder,
    wanted: (gate, stays) => {
      const plan = state.take();
      if (plan === undefined) return undefined;
      return expected(stays === undefined ? plan : closedAtMost(plan, stays), gate, '/validate');
    },
    onWritten: tell.written,
    onPutBack: tell.putBack,
    onState: (problem) => {
      if (problem !== undefined) tell.failed(problem.message);
      if (state.wrote(problem?.message)) onChange();
    },
  });
  discovery.start();
  lifecycle.add(async () => {
    await Promise.all([discovery.close(), writer.close()]);
  });
  return {
    follow: (constraints) => {
      state.demand(constraints.map(demandOf).filter((demand) => demand !== undefined));
      changed();
    },
    asked: state.asked,
    expected: (name) => (found) => expectedOf(expected, state.plan(), name, found),
    onExpected: (listener) => void listeners.push(listener),
    wake: () => writer.wake(),
    part: state.part,
  };
};
