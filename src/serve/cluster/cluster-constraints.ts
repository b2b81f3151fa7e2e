import type { CertificateSource } from '../../adapters/certificate/source.ts';
import type { ApiClient } from '../../adapters/kubernetes/client/client.ts';
import { constraintTemplatesResource } from '../../adapters/kubernetes/client/resource.ts';
import { createConstraintCrds } from '../../adapters/kubernetes/gatekeeper/constraint-crds.ts';
import {
  createConstraintObjects,
  type ConstraintObjects,
} from '../../adapters/kubernetes/gatekeeper/constraint-objects.ts';
import { createConstraintStatus } from '../../adapters/kubernetes/gatekeeper/constraint-status.ts';
import { createNamespaceObjects } from '../../adapters/kubernetes/resources/namespace-objects.ts';
import { listAll } from '../../adapters/kubernetes/watch/list.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { Config } from '../../config/resolved.ts';
import { describePolicyProblem } from '../../core/policy/load/problem-path.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import type { ConstraintSet, ConstraintState, NamespaceObjects } from '../../gate/constraints.ts';
import type { PartState } from '../../gate/readiness.ts';
import type { ConstraintDeps } from '../../gate/review/judge-constraints.ts';
import { readExcludedNamespaces } from '../../languages/gatekeeper/excluded-namespaces.ts';
import {
  createConstraintStore,
  type ConstraintStore,
} from '../../languages/gatekeeper/set/constraint-store.ts';
import type { ConstraintInForce } from '../../languages/gatekeeper/set/judge-review.ts';
import { constraintsDigest } from '../constraint-files.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { createTellSilent, type Telemetry } from '../telemetry.ts';
import { openConstraintDoors, type ConstraintDoors, type DoorSettings } from './constraint-doors.ts';
import { wantedCrds, wantedStatuses } from './constraint-writes.ts';

export interface ClusterConstraints extends ConstraintDeps {
  readonly part: () => PartState;
  /** `undefined`: they are not listed yet. */
  readonly hasAny: () => boolean | undefined;
  /** The Lease was gained. */
  readonly wake: () => void;
  readonly doors: ConstraintDoors;
}

/** Says once that there are templates which nobody asks. Whoever may not look says nothing. */
const tellTemplates = (client: ApiClient, { log }: Telemetry, lifecycle: Lifecycle): void => {
  const closing = new AbortController();
  lifecycle.add(() => closing.abort());
  const tell = async (): Promise<void> => {
    const resource = constraintTemplatesResource;
    const found = await listAll(client, { resource }, () => true, closing.signal);
    if (found.ok && found.value.items.length > 0)
      log.warn('the cluster holds ConstraintTemplates, and this gate does not ask them: see --constraints', {
        templates: found.value.items.length,
      });
  };
  void tell();
};

/** Where objects of the cluster go, with the Config read. */
const sinkOf = (store: ConstraintStore, { log }: Telemetry) => ({
  ...store,
  configure: (config: JsonObject | undefined): void => {
    const read = config === undefined ? undefined : readExcludedNamespaces(config);
    // A Config that cannot be read excludes nobody: more is judged, not less.
    if (read?.ok === false)
      log.error('the Config of Gatekeeper cannot be read; no namespace is excluded from constraints', {
        problems: read.error.map(describePolicyProblem),
      });
    store.exclude(read?.ok === true ? read.value : []);
  },
});

const statusOf = (isGood: boolean): 'active' | 'error' => (isGood ? 'active' : 'error');

/** Whoever writes a constraint must not choose a label. */
const actionLabels: ReadonlySet<string> = new Set(['deny', 'warn', 'dryrun', 'scoped']);
const actionOf = ({ enforcementAction = '' }: ConstraintInForce['enforcement']): string => {
  if (enforcementAction === '') return 'deny';
  return actionLabels.has(enforcementAction) ? enforcementAction : 'unknown';
};

const report = (
  store: ConstraintStore,
  set: ConstraintSet,
  { log, metrics }: Telemetry,
  isNew: boolean,
): void => {
  const templates = store.templates().map(({ problems }) => ({ status: statusOf(problems.length === 0) }));
  const constraints = store.constraints().map(({ problems, inForce }) => ({
    action: actionOf(inForce.enforcement),
    status: statusOf(problems.length === 0 && 'template' in inForce),
  }));
  metrics.constraints.inForce(templates, constraints);
  if (!isNew) return;
  log.info('constraints of the cluster are in force', {
    templates: templates.length,
    constraints: constraints.length,
    broken: [...templates, ...constraints].filter(({ status }) => status === 'error').length,
    version: set.version,
  });
};

interface ClusterParts {
  readonly client: ApiClient;
  readonly config: DoorSettings & Pick<Config, 'gatekeeperNamespace'>;
  readonly certificate: Pick<CertificateSource, 'current'>;
  readonly isHolder: () => boolean;
  /** All of them are listed for the first time. */
  readonly onListed?: () => void;
}

/** In `enforce` the Lease holder makes the CRDs of constraints and writes statuses, which Gatekeeper does otherwise. */
const openWriters = (
  { client, config, isHolder }: ClusterParts,
  store: ConstraintStore,
  { onMade, asked }: Pick<ConstraintDoors, 'asked'> & { readonly onMade: (kind: string) => void },
  { log, metrics }: Telemetry,
) => {
  const mayWrite = (): boolean => config.constraints.value === 'enforce' && isHolder();
  const crds = createConstraintCrds({
    client,
    isHolder: mayWrite,
    wanted: () => wantedCrds(store.templates()),
    onMade,
    onProblem: ({ message }) =>
      log.warn('the CRD of a kind of constraints could not be written', { problem: message }),
  });
  const status = createConstraintStatus({
    client,
    clock: systemClock,
    isHolder: mayWrite,
    wanted: () => wantedStatuses(store, asked),
    onForeignWriter: (isThere) => {
      metrics.set('constraintsForeignWriter', isThere ? 1 : 0);
      if (isThere)
        log.error('somebody else writes the statuses of constraints: they are left alone for ten minutes');
    },
    onProblem: ({ message }) =>
      log.warn('the status of a template or constraint could not be written', { problem: message }),
  });
  return { crds, status };
};

const partOf = (
  store: ConstraintStore,
  objects: ConstraintObjects,
  set: ConstraintSet | undefined,
  isShadow: boolean,
): PartState => {
  const part = 'constraints';
  if (set === undefined) {
    // In the shadow constraints refuse nobody: a right that is missing must not either.
    const state = isShadow && objects.stale() !== undefined ? 'trouble' : 'waiting';
    return { part, state, detail: objects.whyNotListed() ?? 'being compiled' };
  }
  const broken = store.templates().filter(({ problems }) => problems.length > 0);
  const names = broken.slice(0, 8).map(({ kind }) => kind);
  if (broken.length > 0)
    return { part, state: 'trouble', detail: `the newest revision cannot be used of ${names.join(', ')}` };
  const stale = objects.stale();
  if (stale === undefined) return { part, state: 'ok', detail: set.version };
  return { part, state: 'trouble', detail: `out of touch: ${stale.lastError?.message ?? 'no answer'}` };
};

const stateOf = (objects: ConstraintObjects, set: ConstraintSet | undefined): ConstraintState =>
  set === undefined
    ? { state: 'loading', why: objects.whyNotListed() ?? 'they are being compiled' }
    : { state: 'loaded', set };

/** Namespace objects, which selectors and templates look at. */
const openNamespaceObjects = (client: ApiClient, lifecycle: Lifecycle): NamespaceObjects => {
  const namespaces = createNamespaceObjects({ client, clock: systemClock });
  namespaces.start();
  lifecycle.add(() => namespaces.close());
  return namespaces;
};

/** `--constraints`: templates and constraints of the cluster. `undefined`: off. */
export const openClusterConstraints = (
  parts: ClusterParts,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): ClusterConstraints | undefined => {
  const { client, config } = parts;
  const mode = config.constraints.value;
  if (mode === 'off') {
    tellTemplates(client, telemetry, lifecycle);
    return undefined;
  }
  const store = createConstraintStore({ hasInventory: false });
  let set: ConstraintSet | undefined;
  const doors = openConstraintDoors({ ...parts, onChange: () => status.wake() }, telemetry, lifecycle);
  const onMade = (kind: string): void => objects.refresh(kind);
  const { crds, status } = openWriters(parts, store, { onMade, asked: doors.asked }, telemetry);
  const wake = (): void => {
    if (set === undefined) return;
    for (const one of [crds, status, doors]) one.wake();
  };
  const silent = createTellSilent(telemetry, wake);
  const objects = createConstraintObjects({
    client,
    clock: systemClock,
    namespace: config.gatekeeperNamespace.value,
    sink: sinkOf(store, telemetry),
    onChange: () => {
      // Until all of them were listed the gate denies: some of the constraints are not all of them (R8).
      if (set === undefined && objects.whyNotListed() !== undefined) return;
      // A template that comes back, or is repaired, has constraints before they are listed: the last set stays until then.
      if (objects.isListing()) {
        wake();
        return;
      }
      const before = set?.version;
      set = store.set(constraintsDigest);
      const isNew = set.version !== before;
      if (before === undefined) parts.onListed?.();
      report(store, set, telemetry, isNew);
      if (isNew) {
        silent.reset();
        doors.follow(store.constraints().map(({ inForce }) => inForce));
      }
      wake();
    },
    onMissingKind: (kind) => crds.missing(kind),
  });
  objects.start();
  lifecycle.add(() => Promise.all([crds.close(), status.close(), objects.close()]).then(() => undefined));
  return {
    source: { current: () => stateOf(objects, set) },
    namespaces: openNamespaceObjects(client, lifecycle),
    isShadow: mode === 'shadow',
    reader: mode === 'enforce' ? store : undefined,
    onWithoutMessage: silent.tell,
    hasAny: () => (set === undefined ? undefined : !set.isEmpty),
    part: () => partOf(store, objects, set, mode === 'shadow'),
    wake,
    doors,
  };
};
