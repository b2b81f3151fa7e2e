import type { V1RuleWithOperations } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { demand, options, row, served } from '../../../test/fakes/door-demands.ts';
import type { Operation } from '../../core/decision/decision.ts';
import type { KindDemand } from './demand.ts';
import { closedAtMost, indexServed, planDoors, rulesOf, type DoorOptions } from './door-rules.ts';

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
