import type { V1RuleWithOperations } from '@kubernetes/client-node';
import type { Operation } from '../../core/decision/decision.ts';
import { resourcesOf, type GatedKind } from '../webhook-rules.ts';
import {
  exemptKinds,
  isAnyGroup,
  isAnyKind,
  isGroupName,
  isGroupOf,
  operationsOf,
  operations,
  rowsOf,
  type KindDemand,
  type KindRow,
  type ServedResource,
} from './demand.ts';

/** Resources by the kind of their objects, and by its group. */
export interface ServedIndex {
  readonly byKind: ReadonlyMap<string, readonly ServedResource[]>;
  readonly byGroup: ReadonlyMap<string, readonly ServedResource[]>;
  /** The versions of resources, by `group/resource`. */
  readonly versions: ReadonlyMap<string, readonly string[]>;
  /** Groups of which nobody knows what they serve: they were never read. `*`: there is more than anybody remembers. */
  readonly unknownGroups: readonly string[];
}

export interface DoorOptions {
  /** The rows of the workload table: another door is asked about them. */
  readonly workloads: readonly GatedKind[];
  /** The resources of the cluster. */
  readonly served: ServedIndex;
  /** What is asked about at all. */
  readonly operations: readonly Operation[];
  /** Nothing waits for a dead gate: `shadow`, or `--constraints-failure Ignore`. */
  readonly isAlwaysOpen: boolean;
}

/** Operations by `group/resource`, or by `group/resource/subresource`. */
type Asked = ReadonlyMap<string, ReadonlySet<Operation>>;

export interface DoorPlan {
  /** What a dead gate refuses: resources alone, CREATE and UPDATE. */
  readonly closed: Asked;
  /** Everything that is asked for, `closed` included: its metadata and its bootstrap namespaces stay open. */
  readonly open: Asked;
  /** What the webhook of workloads is asked about, by `group/resource` and `group/resource/subresource`. */
  readonly workloads: readonly string[];
}

/**
 * Attack on the cluster by a constraint: what nodes and the control plane write every few seconds must not wait for a gate
 * that is dead.
 */
const neverClosed: ReadonlySet<string> = new Set([
  'coordination.k8s.io/leases',
  '/events',
  'events.k8s.io/events',
  '/nodes',
  'storage.k8s.io/csinodes',
  '/endpoints',
  'discovery.k8s.io/endpointslices',
  'certificates.k8s.io/certificatesigningrequests',
  // Questions: nothing of them is stored, and kubelets and API services ask them about everybody who calls.
  'authentication.k8s.io/selfsubjectreviews',
  'authentication.k8s.io/tokenreviews',
  'authorization.k8s.io/localsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  'authorization.k8s.io/subjectaccessreviews',
]);

/**
 * Characters of all names behind the closed door: they stand in an expression, which may hold 100,000. What has no room
 * stays open.
 */
const maxClosedText = 24 * 1024;
/** Rules beyond it become one for everything: an object of the API server holds 1.5 MB. */
const maxOpenText = 256 * 1024;

const keyOf = ({ group, resource, subresource }: ServedResource): string =>
  [group, resource, ...(subresource === '' ? [] : [subresource])].join('/');

/**
 * The rows that the webhook of workloads is asked about. A row of versions that the cluster does not serve is none of them:
 * its rule matches nothing, and the API server converts nothing to what it does not serve.
 */
export const gatedKinds = <T extends GatedKind>(
  workloads: readonly T[],
  { versions }: ServedIndex,
): readonly T[] =>
  workloads.filter((row) => {
    const served = versions.get(`${row.group}/${row.resource}`);
    return served === undefined || (row.versions?.some((version) => served.includes(version)) ?? true);
  });

const workloadKeys = (workloads: readonly GatedKind[]): readonly string[] =>
  workloads.flatMap((row) => resourcesOf(row).map((resource) => `${row.group}/${resource}`));

const isExempt = ({ group, kind }: ServedResource): boolean =>
  group === 'admissionregistration.k8s.io' && exemptKinds.has(kind);

/** Statuses are written without an end, and nobody is the author of one; that of a Service opens ports to the world. */
const isAskedFor = (one: ServedResource): boolean =>
  !isExempt(one) && (one.subresource !== 'status' || keyOf(one) === '/services/status');

export const indexServed = (
  served: readonly ServedResource[],
  unknownGroups: readonly string[] = [],
): ServedIndex => {
  const asked = served.filter(isAskedFor);
  return {
    byKind: Map.groupBy(asked, ({ kind }) => kind),
    byGroup: Map.groupBy(asked, ({ objectGroup }) => objectGroup),
    versions: new Map(
      served.filter(({ subresource }) => subresource === '').map((one) => [keyOf(one), one.versions]),
    ),
    unknownGroups,
  };
};

/** Attack: a constraint that names one kind ten thousand times. */
const each = (names: readonly string[]): readonly string[] => [...new Set(names)];

/** Groups in which the kinds of a row may be, for all that anybody knows. */
export const unknownGroupsOf = (row: KindRow, { unknownGroups }: ServedIndex): readonly string[] =>
  unknownGroups.filter((group) => group === '*' || isGroupOf(row, group));

/** Resources whose objects are of the kinds that a row names, or of the groups when it names all of their kinds. */
export const servedBy = (row: KindRow, { byKind, byGroup }: ServedIndex): readonly ServedResource[] =>
  isAnyKind(row)
    ? each(row.apiGroups).flatMap((group) => byGroup.get(group) ?? [])
    : each(row.kinds)
        .flatMap((kind) => byKind.get(kind) ?? [])
        .filter(({ objectGroup }) => isGroupOf(row, objectGroup));

/** Everything, in rules. */
const everything = '*/*/*';

/** The names by which rules cover a row of which no resource is named. A group that cannot exist has no rule. */
const wildcardsOf = (row: KindRow): readonly string[] => {
  if (!isAnyKind(row)) return [];
  return isAnyGroup(row) ? [everything] : row.apiGroups.filter(isGroupName).map((group) => `${group}/*`);
};

const createAsked = () => {
  const asked = new Map<string, Set<Operation>>();
  return {
    asked: asked as Asked,
    add: (key: string, added: readonly Operation[]): void => {
      if (added.length === 0) return;
      const known = asked.get(key) ?? new Set();
      for (const operation of added) known.add(operation);
      asked.set(key, known);
    },
  };
};

const sortedWithin = (asked: Asked, limit: number): Asked => {
  const kept: [string, ReadonlySet<Operation>][] = [];
  let length = 0;
  for (const one of [...asked].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // Each name stands there for CREATE and for UPDATE, in quotes.
    length += 2 * (one[0].length + 4);
    if (length <= limit) kept.push(one);
  }
  return new Map(kept);
};

/** Attack: constraints that name more groups than an object can hold. More is asked about then, not less. */
const withinObject = (asked: Asked): Asked => {
  const length = [...asked.keys()].reduce((sum, key) => sum + key.length + 16, 0);
  if (length <= maxOpenText) return asked;
  return new Map([[everything, new Set([...asked.values()].flatMap((one) => [...one]))]]);
};

const closing: readonly Operation[] = ['CREATE', 'UPDATE'];

/** Of a resource of a whole group the rule for that group speaks already. */
const isOfWildcard = (row: KindRow, one: ServedResource): boolean =>
  isAnyKind(row) && one.subresource === '' && row.apiGroups.includes(one.group);

/** Whether what a row names may wait for the gate at all: never what nobody names, what is judged elsewhere, or what nodes need. */
const mayClose = (row: KindRow, one: ServedResource, workloads: ReadonlySet<string>): boolean =>
  !isAnyKind(row) && one.subresource === '' && !workloads.has(keyOf(one)) && !neverClosed.has(keyOf(one));

/** By which door each request comes that a constraint asks for and that the webhook of workloads does not see. Pure. */
export const planDoors = (demands: readonly KindDemand[], options: DoorOptions): DoorPlan => {
  const open = createAsked();
  const closed = createAsked();
  const workloads = new Set(workloadKeys(gatedKinds(options.workloads, options.served)));
  const addRow = (row: KindRow, asked: readonly Operation[], isClosing: boolean): void => {
    for (const wildcard of wildcardsOf(row)) open.add(wildcard, asked);
    if (isAnyKind(row) && isAnyGroup(row)) return;
    for (const group of unknownGroupsOf(row, options.served)) open.add(`${group}/*/*`, asked);
    for (const one of servedBy(row, options.served).filter((served) => !isOfWildcard(row, served))) {
      const key = keyOf(one);
      open.add(key, workloads.has(key) ? asked.filter((operation) => operation !== 'CREATE') : asked);
      if (isClosing && mayClose(row, one, workloads))
        closed.add(
          key,
          asked.filter((operation) => closing.includes(operation)),
        );
    }
  };
  for (const demand of demands) {
    const asked = operationsOf(demand, options.operations);
    const isClosing = demand.isDenying && !options.isAlwaysOpen;
    for (const row of rowsOf(demand)) addRow(row, asked, isClosing);
  }
  return {
    closed: sortedWithin(closed.asked, maxClosedText),
    open: withinObject(open.asked),
    workloads: [...workloads],
  };
};

/** The name of one operation on one resource, `group/resource`. */
export const askedName = (operation: string, key: string): string => `${operation} ${key}`;

/** The plan with nothing behind the closed door but these; the rest of it comes by the open one. */
export const closedAtMost = (plan: DoorPlan, names: ReadonlySet<string>): DoorPlan => {
  const closed = [...plan.closed].map(([key, asked]): [string, ReadonlySet<Operation>] => [
    key,
    new Set([...asked].filter((operation) => names.has(askedName(operation, key)))),
  ]);
  return { ...plan, closed: new Map(closed.filter(([, asked]) => asked.size > 0)) };
};

const splitKey = (key: string): { readonly group: string; readonly resource: string } => {
  const at = key.indexOf('/');
  return { group: key.slice(0, at), resource: key.slice(at + 1) };
};

/** Whether rules for everything, or for the whole group, cover a name already. */
const isCovered = (open: Asked, key: string, operation: Operation): boolean => {
  const { group, resource } = splitKey(key);
  if (key !== everything && open.get(everything)?.has(operation) === true) return true;
  return resource !== '*' && !resource.includes('/') && open.get(`${group}/*`)?.has(operation) === true;
};

/** Rules for what is asked: one for each group and list of operations, always in the same order. */
export const rulesOf = (asked: Asked): V1RuleWithOperations[] => {
  const rules = new Map<string, { group: string; operations: Operation[]; resources: string[] }>();
  for (const key of [...asked.keys()].sort()) {
    const wanted = operations.filter(
      (operation) => asked.get(key)?.has(operation) === true && !isCovered(asked, key, operation),
    );
    if (wanted.length === 0) continue;
    const { group, resource } = splitKey(key);
    const name = `${group} ${wanted.join()}`;
    const rule = rules.get(name) ?? { group, operations: wanted, resources: [] };
    rule.resources.push(resource);
    rules.set(name, rule);
  }
  return [...rules.values()].map(({ group, operations: wanted, resources }) => ({
    apiGroups: [group],
    // Templates see the version that somebody wrote, as they do in Gatekeeper.
    apiVersions: ['*'],
    operations: [...wanted],
    resources,
    scope: '*',
  }));
};
