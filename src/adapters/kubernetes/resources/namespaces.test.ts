import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clientOf, realClock } from '../../../../test/fakes/api-server/api-server-client.ts';
import { type FakeApiServer, startApiServer } from '../../../../test/fakes/api-server/api-server.ts';
import type { ApiClient } from '../client/client.ts';
import { createWatchedNamespaces, type WatchedNamespaces } from './namespaces.ts';
import { soon } from '../../../../test/soon.ts';

let api: FakeApiServer;
let client: ApiClient;
let namespaces: WatchedNamespaces;
const open = (maxCharacters?: number): WatchedNamespaces =>
  (namespaces = createWatchedNamespaces({
    client,
    clock: realClock,
    timing: { firstRetry: 10, lastRetry: 50 },
    ...(maxCharacters === undefined ? {} : { maxCharacters }),
  }));
beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api);
  open();
});
afterEach(async () => {
  await namespaces.close();
  client.close();
  await api.close();
});
const within = (milliseconds: number) => () => AbortSignal.timeout(milliseconds);
const ask = async (name: string, milliseconds: number) => namespaces.labels(name, within(milliseconds));
const ns = (name: string, labels?: Record<string, string>): void =>
  void api.put('namespaces', { metadata: { name, ...(labels === undefined ? {} : { labels }) } });
const gets = (): number => api.requests.filter((request) => request.verb === 'get').length;
const unused = (): AbortSignal => {
  throw new Error('nobody has to wait for a known namespace');
};

describe('a namespace', () => {
  test('that the watch knows is answered at once, and follows its labels', async () => {
    ns('shop', { team: 'a' });
    ns('bare');
    namespaces.start();
    await vi.waitFor(() => expect(namespaces.state().synced).toBe(true), soon);
    expect(namespaces.labels('shop', unused)).toEqual({ state: 'known', value: { team: 'a' } });
    expect(namespaces.labels('bare', unused)).toEqual({ state: 'known', value: {} });
    ns('shop', { team: 'b' });
    await vi.waitFor(
      () => expect(namespaces.labels('shop', unused)).toEqual({ state: 'known', value: { team: 'b' } }),
      soon,
    );
    expect(gets()).toBe(0);
  });

  test('R3: that is not known yet is looked up, once for all who ask', async () => {
    ns('new', { team: 'a' });
    api.fault({ verb: 'get', slow: 30, times: 1 });
    const all = await Promise.all(Array.from({ length: 20 }, () => ask('new', 1000)));
    for (const one of all) expect(one).toEqual({ state: 'known', value: { team: 'a' } });
    expect(await namespaces.labels('new', within(1000))).toMatchObject({ state: 'known' });
    expect(gets()).toBe(1);
  });

  test('that does not exist is absent, and asked for again the next time', async () => {
    namespaces.start();
    await vi.waitFor(() => expect(namespaces.state().synced).toBe(true), soon);
    expect(await namespaces.labels('nowhere', within(1000))).toEqual({ state: 'absent' });
    ns('nowhere');
    expect(await namespaces.labels('nowhere', within(1000))).toMatchObject({ state: 'known' });
  });

  test.each([
    ['the server fails', { answer: 500 } as const, 'fault 500 on purpose', true],
    ['the connection breaks', { cut: true } as const, 'closed the connection', true],
    ['there is no answer at all', { hang: true } as const, 'within the deadline', true],
    ['RBAC forbids it', { forbidden: true } as const, 'missing right: verb "get" on', false],
    ['the answer is no JSON', { badJson: true } as const, 'did not answer with a JSON object', false],
    ['it is asked too often', { answer: 429 } as const, '429', false],
  ])(
    'R3, R25: is unavailable, never absent, when %s; excusable in an outage',
    async (_t, fault, why, outage) => {
      api.fault({ verb: 'get', ...fault });
      // Only what never answers may wait for its deadline: a busy machine takes long to answer.
      const deadline = within('hang' in fault ? 100 : 10_000);
      expect(await namespaces.labels('shop', deadline)).toEqual({
        state: 'unavailable',
        why: {
          what: 'labels of namespace "shop"',
          why: expect.stringContaining(why) as string,
          ...(outage ? { excusable: true } : {}),
        },
      });
    },
  );

  test('is unavailable when too many others are being looked up', async () => {
    api.fault({ verb: 'get', hang: true });
    const all = await Promise.all(Array.from({ length: 65 }, (_, n) => ask(`n${n}`, 200)));
    expect(all[64]).toMatchObject({
      state: 'unavailable',
      why: { why: '64 namespaces are being looked up already' },
    });
    expect(gets()).toBeLessThanOrEqual(64);
  });

  test('that is deleted is looked up, and then absent', async () => {
    ns('shop');
    namespaces.start();
    await vi.waitFor(() => expect(namespaces.size()).toBe(1), soon);
    api.delete('namespaces', 'shop');
    await vi.waitFor(() => expect(namespaces.size()).toBe(0), soon);
    expect(await namespaces.labels('shop', within(1000))).toEqual({ state: 'absent' });
  });

  test('R14: stays known while the server is away', async () => {
    ns('shop', { team: 'a' });
    namespaces.start();
    await vi.waitFor(() => expect(namespaces.size()).toBe(1), soon);
    api.fault({ answer: 503 });
    api.watches.cut();
    await vi.waitFor(() => expect(namespaces.state().staleSince).toBeDefined(), soon);
    expect(namespaces.labels('shop', unused)).toMatchObject({ state: 'known' });
  });

  test('that does not fit into memory any more is looked up', async () => {
    ns('a', { text: 'x'.repeat(60) });
    ns('b', { text: 'y'.repeat(60) });
    await namespaces.close();
    open(100).start();
    await vi.waitFor(() => expect(namespaces.state().synced).toBe(true), soon);
    expect(namespaces.size()).toBe(1);
    expect(await namespaces.labels('b', within(1000))).toEqual({
      state: 'known',
      value: { text: 'y'.repeat(60) },
    });
  });
});
