import { celEnv, parse, plan as planCel } from '@bufbuild/cel';
import type { V1RuleWithOperations, V1ValidatingWebhook } from '@kubernetes/client-node';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Operation } from '../../core/decision/decision.ts';
import { createWorkloadTable } from '../../core/workload/kinds/kinds.ts';
import { objectNames } from '../manifest.ts';
import { webhookConfiguration } from '../webhook-configuration.ts';
import type { KindDemand, KindRow, ServedResource } from './demand.ts';
import { doorConfigurations } from './door-configuration.ts';
import { closedAtMost, indexServed, planDoors, rulesOf, type DoorOptions } from './door-rules.ts';

const workloads = createWorkloadTable([]).all;
const served: readonly ServedResource[] = (
  [
    ['', 'pods', '', '', 'Pod'],
    ['', 'pods', 'ephemeralcontainers', '', 'Pod'],
    ['', 'pods', 'exec', '', 'PodExecOptions'],
    ['', 'pods', 'status', '', 'Pod'],
    ['apps', 'deployments', '', 'apps', 'Deployment'],
    ['apps', 'deployments', 'scale', 'autoscaling', 'Scale'],
    ['apps', 'deployments', 'status', 'apps', 'Deployment'],
    ['apps', 'controllerrevisions', '', 'apps', 'ControllerRevision'],
    ['', 'services', '', '', 'Service'],
    ['', 'services', 'status', '', 'Service'],
    ['', 'namespaces', '', '', 'Namespace'],
    ['', 'namespaces', 'finalize', '', 'Namespace'],
    ['', 'namespaces', 'status', '', 'Namespace'],
    ['', 'nodes', '', '', 'Node'],
    ['', 'configmaps', '', '', 'ConfigMap'],
    ['coordination.k8s.io', 'leases', '', 'coordination.k8s.io', 'Lease'],
    ['', 'events', '', '', 'Event'],
    ['events.k8s.io', 'events', '', 'events.k8s.io', 'Event'],
    ['discovery.k8s.io', 'endpointslices', '', 'discovery.k8s.io', 'EndpointSlice'],
    [
      'certificates.k8s.io',
      'certificatesigningrequests',
      '',
      'certificates.k8s.io',
      'CertificateSigningRequest',
    ],
    ['storage.k8s.io', 'csinodes', '', 'storage.k8s.io', 'CSINode'],
    ['', 'endpoints', '', '', 'Endpoints'],
    ['authentication.k8s.io', 'tokenreviews', '', 'authentication.k8s.io', 'TokenReview'],
    ['authorization.k8s.io', 'subjectaccessreviews', '', 'authorization.k8s.io', 'SubjectAccessReview'],
    ['example.com', 'widgets', '', 'example.com', 'Widget'],
    ['example.com', 'nodes', '', 'example.com', 'Node'],
  ] as const
).map(([group, resource, subresource, objectGroup, kind]) => ({
  group,
  versions: ['v1'],
  resource,
  subresource,
  objectGroup,
  kind,
}));

const demand = (rows: readonly KindRow[], more: Partial<KindDemand> = {}): KindDemand => ({
  rows,
  isDenying: true,
  operations: [],
  ...more,
});
const row = (kinds: readonly string[], apiGroups: readonly string[] = ['*']): KindRow => ({
  apiGroups,
  kinds,
});
const options: DoorOptions = {
  workloads,
  served: indexServed(served),
  operations: ['CREATE', 'UPDATE'],
  isAlwaysOpen: false,
};
const texts = (rules: readonly V1RuleWithOperations[]): readonly string[] =>
  rules.map(
    ({ apiGroups, operations, resources }) =>
      `${String(operations)} ${String(apiGroups)}: ${String(resources)}`,
  );
const rules = (demands: readonly KindDemand[], more: Partial<DoorOptions> = {}) => {
  const { closed, open } = planDoors(demands, { ...options, ...more });
  return { closed: texts(rulesOf(closed)), open: texts(rulesOf(open)) };
};

describe('what each door is asked about', () => {
  const both = 'CREATE,UPDATE';
  test('configurations of webhooks: nothing, as the API server asks nobody about them', () => {
    const group = 'admissionregistration.k8s.io';
    const kind = 'ValidatingWebhookConfiguration';
    const own = {
      group,
      versions: ['v1'],
      resource: 'validatingwebhookconfigurations',
      subresource: '',
      objectGroup: group,
      kind,
    };
    const theirs = { ...own, group: 'example.com', objectGroup: 'example.com' };
    expect(rules([demand([row([kind])])], { served: indexServed([own, theirs]) })).toEqual({
      closed: [`${both} example.com: validatingwebhookconfigurations`],
      open: [`${both} example.com: validatingwebhookconfigurations`],
    });
  });

  test.each<[string, readonly KindDemand[], readonly string[], readonly string[]]>([
    ['no constraint: nothing', [], [], []],
    [
      'a named kind: its resource by the closed door, and its subresource by the open one',
      [demand([row(['Service'], [''])])],
      [`${both} : services`],
      [`${both} : services,services/status`],
    ],
    [
      'a kind of any group: the resources of all groups',
      [demand([row(['Node'])])],
      [`${both} example.com: nodes`],
      [`${both} : nodes`, `${both} example.com: nodes`],
    ],
    ['a kind of a group that has it not: nothing', [demand([row(['Service'], ['apps'])])], [], []],
    [
      'a workload: its metadata alone, by the open door',
      [demand([row(['Deployment'])])],
      [],
      ['UPDATE apps: deployments'],
    ],
    [
      'the kind of a subresource: the subresource',
      [demand([row(['Scale'])])],
      [],
      [`${both} apps: deployments/scale`],
    ],
    [
      'namespaces, and what removes their finalizers',
      [demand([row(['Namespace'])])],
      [`${both} : namespaces`],
      [`${both} : namespaces,namespaces/finalize`],
    ],
    [
      'what nodes write: never by the closed door',
      [
        demand([
          row(['Lease', 'Event', 'CSINode', 'Endpoints', 'EndpointSlice', 'CertificateSigningRequest']),
        ]),
        demand([row(['Node'], [''])]),
      ],
      [],
      [
        `${both} : endpoints,events,nodes`,
        `${both} certificates.k8s.io: certificatesigningrequests`,
        `${both} coordination.k8s.io: leases`,
        `${both} discovery.k8s.io: endpointslices`,
        `${both} events.k8s.io: events`,
        `${both} storage.k8s.io: csinodes`,
      ],
    ],
    [
      'questions that the API server and kubelets ask: never by the closed door',
      [demand([row(['TokenReview', 'SubjectAccessReview'])])],
      [],
      [`${both} authentication.k8s.io: tokenreviews`, `${both} authorization.k8s.io: subjectaccessreviews`],
    ],
    ['everything: by the open door', [demand([])], [], [`${both} *: */*`]],
    ['a star among kinds: everything', [demand([row(['Service', '*'])])], [], [`${both} *: */*`]],
    [
      'all kinds of a group: the group, and subresources whose objects are of it',
      [demand([row(['*'], ['autoscaling', 'apps'])])],
      [],
      [`${both} apps: *,deployments/scale`, `${both} autoscaling: *`],
    ],
    [
      'a named kind beside everything: still by the closed door',
      [demand([]), demand([row(['Service'], [''])])],
      [`${both} : services`],
      [`${both} *: */*`],
    ],
    [
      'a constraint that refuses nobody: the open door',
      [demand([row(['Service'], [''])], { isDenying: false })],
      [],
      [`${both} : services,services/status`],
    ],
    [
      'a template for one operation: that one',
      [demand([row(['ConfigMap'], [''])], { operations: ['CREATE'] })],
      ['CREATE : configmaps'],
      ['CREATE : configmaps'],
    ],
    [
      'a template for deletions alone, which nobody asks about: nothing',
      [demand([row(['ConfigMap'], [''])], { operations: ['DELETE'] })],
      [],
      [],
    ],
    ['a group that cannot exist: no rule', [demand([row(['*'], ['a/b', "x'"])])], [], []],
  ])('%s', (_title, demands, closed, open) => expect(rules(demands)).toEqual({ closed, open }));

  test('deletions and connections are asked about when they are wanted, by the open door', () => {
    const operations: readonly Operation[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];
    expect(rules([demand([row(['ConfigMap'], [''])])], { operations })).toEqual({
      closed: ['CREATE,UPDATE : configmaps'],
      open: ['CREATE,UPDATE,DELETE,CONNECT : configmaps'],
    });
  });

  test('in the shadow, and with --constraints-failure Ignore, nothing waits for a dead gate', () => {
    const { closed, open } = rules([demand([row(['Service'], [''])])], { isAlwaysOpen: true });
    expect([closed, open]).toEqual([[], ['CREATE,UPDATE : services,services/status']]);
  });

  test('what a cluster serves in versions alone that no row has is no workload of the other webhook', () => {
    const old = { group: 'apps', resource: 'deployments', objectGroup: 'apps', kind: 'Deployment' };
    const only = (...versions: string[]) => indexServed([{ ...old, subresource: '', versions }]);
    const wanted = [demand([row(['Deployment'])])];
    expect(rules(wanted, { served: only('v1beta1') })).toEqual({
      closed: ['CREATE,UPDATE apps: deployments'],
      open: ['CREATE,UPDATE apps: deployments'],
    });
    expect(planDoors(wanted, { ...options, served: only('v1beta1') }).workloads).not.toContain(
      'apps/deployments',
    );
    expect(rules(wanted, { served: only('v1', 'v1beta1') })).toEqual({
      closed: [],
      open: ['UPDATE apps: deployments'],
    });
  });

  test('a group that nobody could read: all of it by the open door, for whoever may mean a kind of it', () => {
    const unread = indexServed(served, ['example.org']);
    expect(rules([demand([row(['Gone'])])], { served: unread }).open).toEqual([
      'CREATE,UPDATE example.org: */*',
    ]);
    expect(rules([demand([row(['Gone'], ['example.org'])])], { served: unread }).open).toHaveLength(1);
    expect(rules([demand([row(['Gone'], ['apps'])])], { served: unread }).open).toEqual([]);
    const cut = indexServed(served, ['*']);
    expect(rules([demand([row(['Gone'], ['apps'])])], { served: cut })).toEqual({
      closed: [],
      open: ['CREATE,UPDATE *: */*'],
    });
  });

  test('a constraint that names a kind and a group ten thousand times costs what one costs', () => {
    const many = (name: string): string[] => Array.from({ length: 10_000 }, () => name);
    const started = process.cpuUsage();
    expect(rules([demand([row(many('Node'), many(''))])])).toEqual(rules([demand([row(['Node'], [''])])]));
    expect(rules([demand([row(['*'], many('apps'))])])).toEqual(rules([demand([row(['*'], ['apps'])])]));
    expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
  });

  test('what may stay behind the closed door stays, by operation', () => {
    const plan = planDoors([demand([row(['Service', 'ConfigMap'], [''])])], options);
    const closed = closedAtMost(plan, new Set(['CREATE /services', 'UPDATE /secrets']));
    expect(texts(rulesOf(closed.closed))).toEqual(['CREATE : services']);
    expect(closed.open).toBe(plan.open);
  });

  test('what has no room behind the closed door stays open, and no constraint makes an object too large', () => {
    const kinds = Array.from({ length: 4_000 }, (_, at) => `Kind${at}`);
    const many = kinds.map((kind) => ({
      group: `${kind.toLowerCase()}.example.com`,
      versions: ['v1'],
      resource: `${kind.toLowerCase()}s`,
      subresource: '',
      objectGroup: `${kind.toLowerCase()}.example.com`,
      kind,
    }));
    const made = planDoors([demand([row(kinds)])], { ...options, served: indexServed(many) });
    expect(made.closed.size).toBeGreaterThan(100);
    expect(made.closed.size).toBeLessThan(1_000);
    expect(made.open.size).toBe(4_000);
    const groups = Array.from({ length: 40_000 }, (_, at) => `group${at}.example.com`);
    expect(rules([demand([row(['*'], groups)])]).open).toEqual(['CREATE,UPDATE *: */*']);
  });
});

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
