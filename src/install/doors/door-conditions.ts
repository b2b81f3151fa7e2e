import type { V1MatchCondition } from '@kubernetes/client-node';
import type { Operation } from '../../core/decision/decision.ts';
import { somethingJudgedChanges } from '../webhook-rules.ts';
import type { DoorPlan } from './door-rules.ts';

const text = (value: string): string => `'${value}'`;
const list = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`;

const resource = "(request.resource.group + '/' + request.resource.resource)";
const subresource = "request.?subResource.orValue('')";
const namespace = "request.?namespace.orValue('')";

/** A field beside metadata and status differs, is new or is gone. */
const moreThanMetadata = [
  "object.exists(key, !(key in ['metadata', 'status']) && (!(key in oldObject) || object[key] != oldObject[key]))",
  "|| oldObject.exists(key, !(key in ['metadata', 'status']) && !(key in object))",
].join(' ');

/** Labels, finalizers and statuses pass with every replica dead. */
export const moreThanMetadataChanges: V1MatchCondition = {
  name: 'more-than-metadata',
  expression: `request.operation != 'UPDATE' || ${moreThanMetadata}`,
};

const noStatus: V1MatchCondition = {
  name: 'no-status',
  expression: `${subresource} != 'status' || ${resource} == '/services'`,
};

/** What the webhook of workloads is asked about. */
const notAWorkload = (workloads: readonly string[]): V1MatchCondition => {
  const key = `(${resource} + (${subresource} == '' ? '' : '/' + ${subresource}))`;
  return {
    name: 'not-judged-as-a-workload',
    expression: `!(request.operation in ['CREATE', 'UPDATE'] && ${key} in ${list(workloads)} && (${somethingJudgedChanges.expression}))`,
  };
};

const keysFor = ({ closed }: DoorPlan, operation: Operation): readonly string[] =>
  [...closed].filter(([, operations]) => operations.has(operation)).map(([key]) => key);

/** What the closed door is asked about. It leaves out the bootstrap namespaces. */
const notClosed = (plan: DoorPlan, bootstrapNamespaces: readonly string[]): V1MatchCondition => {
  const created = `request.operation == 'CREATE' && ${resource} in ${list(keysFor(plan, 'CREATE'))}`;
  const updated = `request.operation == 'UPDATE' && ${resource} in ${list(keysFor(plan, 'UPDATE'))} && (${moreThanMetadata})`;
  const isBootstrap =
    bootstrapNamespaces.length === 0 ? '' : `${namespace} in ${list(bootstrapNamespaces)} || `;
  return {
    name: 'not-judged-by-the-closed-door',
    expression: `${subresource} != '' || ${isBootstrap}!((${created}) || (${updated}))`,
  };
};

/** What is left for the open door, so that each request comes by one door alone. */
export const openConditions = (
  plan: DoorPlan,
  bootstrapNamespaces: readonly string[],
): V1MatchCondition[] => [
  noStatus,
  ...(plan.workloads.length === 0 ? [] : [notAWorkload(plan.workloads)]),
  ...(plan.closed.size === 0 ? [] : [notClosed(plan, bootstrapNamespaces)]),
];
