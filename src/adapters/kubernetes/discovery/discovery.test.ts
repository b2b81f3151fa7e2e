import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clientOf, realClock } from '../../../../test/fakes/api-server/api-server-client.ts';
import { startApiServer, type FakeApiServer } from '../../../../test/fakes/api-server/api-server.ts';
import { soon } from '../../../../test/soon.ts';
import { createClient, type ApiClient } from '../client/client.ts';
import { createDiscovery, type Discovery, type ServedResources } from './discovery.ts';

const open: { close(): unknown }[] = [];
const problems: string[] = [];
beforeEach(() => void problems.splice(0));
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

const discover = (
  client: ApiClient,
  every = 60_000,
  keep?: number,
): { readonly discovery: Discovery; changes: () => number } => {
  let changes = 0;
  const discovery = createDiscovery({
    client,
    clock: realClock,
    every,
    ...(keep === undefined ? {} : { keep }),
    onChange: () => void (changes += 1),
    onProblem: ({ message }) => void problems.push(message),
  });
  open.push(discovery);
  discovery.start();
  return { discovery, changes: () => changes };
};
const known = async (discovery: Discovery): Promise<Extract<ServedResources, { state: 'known' }>> => {
  await vi.waitFor(() => expect(discovery.current().state).toBe('known'), soon);
  const current = discovery.current();
  if (current.state !== 'known') throw new Error('a mistake of the test');
  return current;
};
const namesOf = ({
  resources,
}: {
  readonly resources: Extract<ServedResources, { state: 'known' }>['resources'];
}) =>
  resources.map(
    ({ group, resource, subresource, objectGroup, kind }) =>
      `${group}/${resource}${subresource === '' ? '' : `/${subresource}`} ${objectGroup}/${kind}`,
  );

describe('an API server that tells everything at once', () => {
  let api: FakeApiServer;
  let client: ApiClient;
  beforeEach(async () => {
    api = await startApiServer();
    client = clientOf(api);
    open.push(api, client);
  });

  test('is asked twice, and its subresources are known too', async () => {
    const { discovery } = discover(client);
    const names = namesOf(await known(discovery));
    expect(names).toEqual(
      expect.arrayContaining([
        '/services /Service',
        '/services/status /Service',
        'apps/deployments apps/Deployment',
        'coordination.k8s.io/leases coordination.k8s.io/Lease',
      ]),
    );
    expect(api.requests.filter(({ path }) => path.startsWith('/api') && !path.includes('/v1')).length).toBe(
      2,
    );
  });

  test('is asked again when a definition comes or goes, and a change is told once', async () => {
    api.serves('nobash', false);
    const { discovery, changes } = discover(client);
    expect(namesOf(await known(discovery)).join()).not.toContain('nobash');
    expect(changes()).toBe(1);
    api.serves('nobash', true);
    api.put('customresourcedefinitions', { metadata: { name: 'nobash.constraints.gatekeeper.sh' } });
    await vi.waitFor(async () => expect(namesOf(await known(discovery)).join()).toContain('nobash'), {
      timeout: 10_000,
    });
    expect(changes()).toBe(2);
  });

  test('is asked again after a while, also by whoever may not watch definitions', async () => {
    api.fault({ resource: 'customresourcedefinitions', answer: 403 });
    api.serves('nobash', false);
    const { discovery } = discover(client, 50);
    await known(discovery);
    api.serves('nobash', true);
    await vi.waitFor(async () => expect(namesOf(await known(discovery)).join()).toContain('nobash'), soon);
  });

  test('that names a kind no longer is believed after a while: one that starts names custom kinds late', async () => {
    const { discovery, changes } = discover(client, 50);
    const { discovery: hasty } = discover(client, 50, 100);
    const before = await known(discovery);
    expect(namesOf(await known(hasty)).join()).toContain('nobash');
    api.serves('nobash', false);
    await vi.waitFor(async () => expect(namesOf(await known(hasty)).join()).not.toContain('nobash'), soon);
    expect([discovery.current(), changes()]).toEqual([before, 1]);
    api.serves('nobash', true);
    await vi.waitFor(async () => expect(namesOf(await known(hasty)).join()).toContain('nobash'), soon);
  });

  test('that fails later leaves what was known, and one that always failed says why', async () => {
    const { discovery, changes } = discover(client, 50);
    const before = await known(discovery);
    await api.close();
    await vi.waitFor(() => expect(problems.length).toBeGreaterThan(0), soon);
    expect([discovery.current(), changes()]).toEqual([before, 1]);
    const { discovery: late } = discover(client, 50);
    await vi.waitFor(
      () =>
        expect(late.current()).toMatchObject({
          state: 'unknown',
          why: expect.stringContaining('cannot reach'),
        }),
      soon,
    );
  });
});

describe('what strangers serve', () => {
  type Answer = (path: string, request: IncomingMessage) => object | undefined;
  const serving = async (answer: Answer): Promise<ApiClient> => {
    const server: Server = createServer((request, response) => {
      const found = answer(request.url ?? '', request);
      response.writeHead(found === undefined ? 503 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(found ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({
      close: () => {
        server.closeAllConnections();
        server.close();
      },
    });
    const client = createClient(
      {
        server: new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`),
        origin: 'a test',
        namespace: undefined,
        credentials: () => Promise.resolve({ ok: true, value: { headers: {}, tls: {} } }),
      },
      { version: 'test' },
    );
    open.push(client);
    return client;
  };
  const core = {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [
      { name: 'pods', kind: 'Pod' },
      { name: 'pods/eviction', kind: 'Eviction', group: 'policy', version: 'v1' },
    ],
  };
  const groups = {
    kind: 'APIGroupList',
    groups: [
      { name: 'apps', versions: [{ groupVersion: 'apps/v1', version: 'v1' }] },
      { name: 'broken.io', versions: [{ groupVersion: 'broken.io/v1', version: 'v1' }] },
    ],
  };
  const apps = {
    kind: 'APIResourceList',
    resources: [
      { name: 'deployments', kind: 'Deployment' },
      { name: 'deployments/scale', kind: 'Scale', group: 'autoscaling', version: 'v1' },
    ],
  };

  test('an old API server is asked group by group; one that does not answer keeps what was known', async () => {
    let isBroken = false;
    const broken = { kind: 'APIResourceList', resources: [{ name: 'things', kind: 'Thing' }] };
    const client = await serving((path) => {
      if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
      if (path === '/api/v1') return core;
      if (path === '/apis') return groups;
      if (path === '/apis/apps/v1') return apps;
      return isBroken ? undefined : broken;
    });
    const { discovery } = discover(client, 50);
    const all = [
      '/pods /Pod',
      '/pods/eviction policy/Eviction',
      'apps/deployments apps/Deployment',
      'apps/deployments/scale autoscaling/Scale',
      'broken.io/things broken.io/Thing',
    ];
    expect(namesOf(await known(discovery))).toEqual(all);
    isBroken = true;
    await vi.waitFor(async () => expect((await known(discovery)).unread).toEqual(['broken.io/v1']), soon);
    expect(namesOf(await known(discovery))).toEqual(all);
  });

  const serves = (group: string, versions: readonly object[]) => ({ metadata: { name: group }, versions });
  const thing = (name: string) => ({
    resource: name,
    responseKind: { group: 'a.io', version: 'v1', kind: 'Thing' },
  });

  test('a resource is known with all versions that serve it', async () => {
    const client = await serving((path) => ({
      kind: 'APIGroupDiscoveryList',
      items:
        path === '/api'
          ? []
          : [
              serves('a.io', [
                { version: 'v2', resources: [thing('things')] },
                { version: 'v1', resources: [thing('things'), thing('others')] },
              ]),
            ],
    }));
    const { resources, unknownGroups } = await known(discover(client).discovery);
    expect(resources.map(({ resource, versions }) => [resource, versions])).toEqual([
      ['others', ['v1']],
      ['things', ['v1', 'v2']],
    ]);
    expect(unknownGroups).toEqual([]);
  });

  test('a group that was never read is one of which nothing is known, until it is', async () => {
    let freshness = 'Stale';
    const client = await serving((path) => ({
      kind: 'APIGroupDiscoveryList',
      items:
        path === '/api' ? [] : [serves('a.io', [{ version: 'v1', freshness, resources: [thing('things')] }])],
    }));
    const { discovery } = discover(client, 50);
    expect(await known(discovery)).toMatchObject({
      resources: [],
      unread: ['a.io/v1'],
      unknownGroups: ['a.io'],
    });
    freshness = 'Current';
    await vi.waitFor(async () => expect((await known(discovery)).unread).toEqual([]), soon);
    freshness = 'Stale';
    await vi.waitFor(async () => expect((await known(discovery)).unread).toEqual(['a.io/v1']), soon);
    expect(await known(discovery)).toMatchObject({ resources: [{ resource: 'things' }], unknownGroups: [] });
  });

  test('more resources than are kept are no complete list', async () => {
    const many = Array.from({ length: 20_001 }, (_, at) => thing(`thing${String(at)}`));
    const client = await serving((path) => ({
      kind: 'APIGroupDiscoveryList',
      items: path === '/api' ? [] : [serves('a.io', [{ version: 'v1', resources: many }])],
    }));
    const { resources, unknownGroups } = await known(discover(client).discovery);
    expect(resources.length).toBe(20_000);
    expect(unknownGroups).toEqual(['*']);
  });

  test('names that could end an expression or a rule are left out, and so is everything without a shape', async () => {
    const kind = { group: 'a.io', version: 'v1', kind: 'A' };
    const client = await serving((path) => ({
      kind: 'APIGroupDiscoveryList',
      items:
        path === '/api'
          ? 'none'
          : [
              null,
              {
                metadata: { name: "a'b" },
                versions: [{ version: 'v1', resources: [{ resource: 'x', responseKind: kind }] }],
              },
              {
                metadata: { name: 'a.io' },
                versions: [
                  {
                    version: 'v1',
                    resources: [
                      { resource: "x'] || true || ['", responseKind: kind },
                      { resource: '*', responseKind: kind },
                      { resource: 'a/b/c', responseKind: kind },
                      { resource: 'no-kind' },
                      {
                        resource: 'fine',
                        responseKind: kind,
                        subresources: [{ subresource: '*', responseKind: kind }, 7],
                      },
                    ],
                  },
                ],
              },
            ],
    }));
    const { discovery } = discover(client);
    expect(namesOf(await known(discovery))).toEqual(['a.io/fine a.io/A']);
  });
});
