import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeApiServer, startApiServer } from './api-server.ts';

let api: FakeApiServer;
beforeEach(async () => {
  api = await startApiServer({ bookmarkEvery: 20 });
});
afterEach(() => api.close());

const call = async (method: string, path: string, body?: unknown, type = 'application/json') => {
  const answer = await fetch(api.url + path, {
    method,
    headers: { 'content-type': type },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { code: answer.status, json: (await answer.json()) as Record<string, never> };
};

describe('the fake API server behaves like the real one', () => {
  test('creates, refuses a second one, updates under a resourceVersion, patches and deletes', async () => {
    const path = '/api/v1/namespaces/shop/secrets';
    const created = await call('POST', path, { metadata: { name: 'a' }, data: { x: '1' } });
    expect(created).toMatchObject({ code: 201, json: { kind: 'Secret', metadata: { namespace: 'shop' } } });
    expect(await call('POST', path, { metadata: { name: 'a' } })).toMatchObject({
      code: 409,
      json: { reason: 'AlreadyExists' },
    });
    const merge = await call('PATCH', `${path}/a`, { data: { y: '2' } }, 'application/merge-patch+json');
    expect(merge).toMatchObject({ code: 200, json: { data: { x: '1', y: '2' } } });
    expect(await call('PUT', `${path}/a`, created.json)).toMatchObject({
      code: 409,
      json: { reason: 'Conflict' },
    });
    const failing = [{ op: 'test', path: '/data/x', value: 'no' }];
    expect(await call('PATCH', `${path}/a`, failing, 'application/json-patch+json')).toMatchObject({
      code: 422,
    });
    expect(await call('DELETE', `${path}/a`)).toMatchObject({ code: 200 });
    expect(await call('GET', `${path}/a`)).toMatchObject({ code: 404, json: { reason: 'NotFound' } });
  });

  test('keeps status apart and raises the generation with the spec only', async () => {
    const path = '/apis/imagegate.dev/v1alpha1/imagepolicies';
    await call('POST', path, { metadata: { name: 'p' }, spec: { mode: 'Deny' } });
    const status = { status: { conditions: [{ type: 'Accepted' }] }, spec: { mode: 'Audit' } };
    const after = await call('PATCH', `${path}/p/status`, status, 'application/merge-patch+json');
    expect(after.json).toMatchObject({
      spec: { mode: 'Deny' },
      metadata: { generation: 1 },
      status: status.status,
    });
    const changed = await call(
      'PATCH',
      `${path}/p`,
      { spec: { mode: 'Warn' }, status: null },
      'application/merge-patch+json',
    );
    expect(changed.json).toMatchObject({ metadata: { generation: 2 }, status: status.status });
  });

  test('lists in pages, and a continue token is lost with the history', async () => {
    for (const name of ['a', 'b', 'c']) api.put('namespaces', { metadata: { name } });
    const first = await call('GET', '/api/v1/namespaces?limit=2');
    const metadata = first.json['metadata'] as unknown as { continue: string };
    expect(first.json['items']).toHaveLength(2);
    const second = await call('GET', `/api/v1/namespaces?limit=2&continue=${metadata.continue}`);
    expect(second.json['items']).toMatchObject([{ metadata: { name: 'c' } }]);
    api.put('namespaces', { metadata: { name: 'd' } });
    api.compact();
    expect(await call('GET', `/api/v1/namespaces?continue=${metadata.continue}`)).toMatchObject({
      code: 410,
    });
  });

  test('watches from a version on, with bookmarks, and says 410 for one that was compacted away', async () => {
    const from = api.put('namespaces', { metadata: { name: 'a' } }).metadata.resourceVersion;
    api.put('namespaces', { metadata: { name: 'b' } });
    const query = `watch=true&resourceVersion=${from}&allowWatchBookmarks=true&timeoutSeconds=1`;
    const lines = (await (await fetch(`${api.url}/api/v1/namespaces?${query}`)).text()).trim().split('\n');
    const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types.slice(0, 2)).toEqual(['ADDED', 'BOOKMARK']);
    api.compact();
    const gone = await (await fetch(`${api.url}/api/v1/namespaces?${query}`)).text();
    expect(JSON.parse(gone)).toMatchObject({ type: 'ERROR', object: { code: 410 } });
  });

  test('plays faults as often as it was told', async () => {
    api.fault({ verb: 'list', resource: 'namespaces', answer: 500, times: 1 });
    expect(await call('GET', '/api/v1/namespaces')).toMatchObject({ code: 500 });
    expect(await call('GET', '/api/v1/namespaces')).toMatchObject({ code: 200 });
    const stop = api.fault({ verb: 'list', forbidden: true });
    expect((await call('GET', '/api/v1/namespaces')).json['message']).toMatch(
      /cannot list resource "namespaces"/,
    );
    stop();
    api.fault({ cut: true, times: 1 });
    await expect(call('GET', '/api/v1/namespaces')).rejects.toThrow('fetch failed');
    api.serves('imagepolicies', false);
    const absent = await fetch(`${api.url}/apis/imagegate.dev/v1alpha1/imagepolicies`);
    expect([absent.status, await absent.text()]).toEqual([404, '404 page not found\n']);
  });
});
