import { celEnv, parse, plan as planCel } from '@bufbuild/cel';
import type { V1RuleWithOperations, V1ValidatingWebhook } from '@kubernetes/client-node';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { options, served, workloads } from '../../../test/fakes/door-demands.ts';
import type { Operation } from '../../core/decision/decision.ts';
import { objectNames } from '../manifest.ts';
import { webhookConfiguration } from '../webhook-configuration.ts';
import type { KindDemand, ServedResource } from './demand.ts';
import { doorConfigurations } from './door-configuration.ts';
import { planDoors } from './door-rules.ts';

const env = celEnv();
const programs = new Map<string, ReturnType<typeof planCel>>();
const programOf = (expression: string): ReturnType<typeof planCel> => {
  const program = programs.get(expression) ?? planCel(env, parse(expression));
  programs.set(expression, program);
  return program;
};
/** Conditions in the language of the API server; optional fields are all there. */
const holds = (expression: string, given: object): boolean => {
  const plain = expression.replaceAll(/\.\?(\w+)\.orValue\(''\)/g, '.$1').replaceAll('.?', '.');
  const said = programOf(plain)(given as never);
  if (typeof said !== 'boolean') throw new Error(`${plain} is no condition`);
  return said;
};

interface Request {
  readonly resource: ServedResource;
  readonly operation: Operation;
  readonly namespace: string;
  readonly object: object;
  readonly oldObject: object;
}

const isOfRule = (rule: V1RuleWithOperations, { resource, operation }: Request): boolean => {
  const { group, resource: name, subresource } = resource;
  const covers = (list: readonly string[] | undefined, ...names: readonly string[]): boolean =>
    names.some((one) => list?.includes(one) === true);
  const full =
    subresource === '' ? [name, '*', '*/*'] : [`${name}/${subresource}`, '*/*', `*/${subresource}`];
  return (
    covers(rule.operations, operation) &&
    covers(rule.apiGroups, group, '*') &&
    covers(rule.resources, ...full)
  );
};
const isAsked = (webhook: V1ValidatingWebhook, request: Request): boolean => {
  const { namespaceSelector, matchConditions = [], rules: all = [] } = webhook;
  const isSelected = (namespaceSelector?.matchExpressions ?? []).every(
    ({ operator, values }) => (operator === 'In') === (values ?? []).includes(request.namespace),
  );
  const { resource, operation, namespace, object, oldObject } = request;
  const given = {
    request: {
      operation,
      namespace,
      subResource: resource.subresource,
      resource: { group: resource.group, resource: resource.resource, version: 'v1' },
    },
    object,
    oldObject,
  };
  return (
    isSelected &&
    all.some((rule) => isOfRule(rule, request)) &&
    matchConditions.every(({ expression }) => holds(expression, given))
  );
};

describe('R10: one door for each request', () => {
  const bootstrapNamespaces = ['kube-system'];
  const ownNamespace = 'imagegate-system';
  const target = { service: { name: 'imagegate', namespace: ownNamespace, port: 443 } };
  const gate = webhookConfiguration({
    target,
    caBundle: '',
    workloads,
    bootstrapNamespaces,
    ownNamespace,
  });
  const ofWorkloads = (gate.webhooks ?? []).filter(({ name }) =>
    ['validate.imagegate.dev', 'bootstrap.imagegate.dev'].includes(name),
  );

  const changes: Readonly<Record<string, readonly [object, object]>> = {
    nothing: [{}, {}],
    labels: [{ metadata: { labels: { a: 'b' } } }, {}],
    status: [{ status: { phase: 'x' } }, {}],
    spec: [{ spec: { a: 1 } }, {}],
    'a new field': [{ data: { a: 1 } }, {}],
    'a field that went': [{}, { data: { a: 1 } }],
  };
  const whole = (part: object): object => ({ metadata: {}, spec: {}, template: {}, ...part });
  const requests = fc.record({
    resource: fc.constantFrom(...served),
    operation: fc.constantFrom<Operation>('CREATE', 'UPDATE', 'DELETE', 'CONNECT'),
    namespace: fc.constantFrom('shop', 'kube-system', ownNamespace),
    change: fc.constantFrom(...Object.keys(changes)),
  });
  const names = [
    'Pod',
    'Deployment',
    'Scale',
    'Service',
    'Namespace',
    'Lease',
    'ConfigMap',
    'Widget',
    'Node',
  ];
  const rows = fc.record({
    apiGroups: fc.subarray(['', 'apps', 'autoscaling', 'example.com', '*'], { minLength: 0 }),
    kinds: fc.oneof(fc.subarray(names, { minLength: 1 }), fc.constant(['*'])),
  });
  const demands = fc.array(
    fc.record({
      rows: fc.array(rows, { maxLength: 3 }),
      isDenying: fc.boolean(),
      operations: fc.subarray(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
    }),
    { maxLength: 4 },
  );

  const speaksOf = ({ rows: all, operations }: KindDemand, { resource, operation }: Request): boolean => {
    const all2 = (list: readonly string[], name: string): boolean =>
      list.length === 0 || list.includes('*') || list.includes(name);
    return (
      (operations.length === 0 || operations.includes(operation)) &&
      (all.length === 0 ||
        all.some((one) => all2(one.kinds, resource.kind) && all2(one.apiGroups, resource.objectGroup)))
    );
  };

  const operations: readonly Operation[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];
  const askedBy = (webhooks: readonly V1ValidatingWebhook[] | undefined, request: Request): number =>
    (webhooks ?? []).filter((one) => isAsked(one, request)).length;
  /** What a dead gate may hold up at all. */
  const mayWait = ({ operation, namespace, resource }: Request, change: string): boolean =>
    (operation === 'CREATE' ||
      (operation === 'UPDATE' && !['nothing', 'labels', 'status'].includes(change))) &&
    resource.subresource === '' &&
    namespace === 'shop';
  const isWanted = (wanted: readonly KindDemand[], request: Request): boolean => {
    const { resource, namespace } = request;
    if (resource.subresource === 'status' && resource.resource !== 'services') return false;
    return namespace !== ownNamespace && wanted.some((one) => speaksOf(one, request));
  };

  test('whatever constraints and requests there are', () => {
    fc.assert(
      fc.property(demands, requests, fc.boolean(), (wanted, { change, ...asked }, isAlwaysOpen) => {
        const [object, oldObject] = (changes[change] ?? [{}, {}]).map(whole) as [object, object];
        const request = { ...asked, object, oldObject };
        const plan = planDoors(wanted, { ...options, operations, isAlwaysOpen });
        const doors = doorConfigurations(plan, {
          webhookName: 'validate.imagegate.dev',
          bootstrapNamespaces,
          ownNamespace,
          clientConfig: {},
        });
        const closed = askedBy(doors[objectNames.closedDoor].webhooks, request);
        const open = askedBy(doors[objectNames.openDoor].webhooks, request);
        const count = closed + open + askedBy(ofWorkloads, request);
        expect(count).toBeLessThanOrEqual(1);
        if (isWanted(wanted, request)) expect(count).toBe(1);
        if (isAlwaysOpen || !mayWait(request, change)) expect(closed).toBe(0);
      }),
      { numRuns: 400 },
    );
  });
});
