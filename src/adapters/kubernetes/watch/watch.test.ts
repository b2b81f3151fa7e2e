import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FakeApiServer, startApiServer } from '../../../../test/fakes/api-server/api-server.ts';
import { type ApiClient, createClient } from '../client/client.ts';
import { namespacesResource } from '../client/resource.ts';
import { createWatch, type Watch } from './watch.ts';
import type { WatchState, WatchTiming } from './options.ts';
import { readLines } from './stream.ts';
import { soon } from '../../../../test/soon.ts';

let api: FakeApiServer;
let client: ApiClient;
const watches: Watch[] = [];
beforeEach(async () => {
  api = await startApiServer({ bookmarkEvery: 50 });
  client = createClient(
    {
      server: new URL(api.url),
      origin: 'test',
      namespace: undefined,
      credentials: () => Promise.resolve({ ok: true, value: { headers: {}, tls: {} } }),
    },
    { version: '1', callTimeout: 3_000 },
  );
});
afterEach(async () => {
  await Promise.all(watches.splice(0).map((watch) => watch.close()));
  client.close();
  await api.close();
});

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const quick: Partial<WatchTiming> = { firstRetry: 10, lastRetry: 40, idle: 2000, resync: 60_000 };

/** A watch that keeps names and notes what the sink was told. */
const follow = (timing: Partial<WatchTiming> = {}) => {
  const names = new Set<string>();
  const calls: string[] = [];
  const states: WatchState[] = [];
  const watch = createWatch<string>({
    client,
    clock,
    target: { resource: namespacesResource, metadataOnly: true },
    timing: { ...quick, ...timing },
    read: (object) => (object['metadata'] as { name: string }).name,
    onState: (state) => states.push(state),
    sink: {
      replace: (all) => {
        calls.push(`replace ${all.length}`);
        names.clear();
        for (const name of all) names.add(name);
      },
      upsert: (name) => {
        calls.push(`upsert ${name}`);
        names.add(name);
      },
      delete: (name) => {
        calls.push(`delete ${name}`);
        names.delete(name);
      },
    },
  });
  watches.push(watch);
  watch.start();
  return { watch, names, calls, states };
};
const ns = (name: string): void => void api.put('namespaces', { metadata: { name } });
const count = (verb: string): number => api.requests.filter((request) => request.verb === verb).length;

describe('a watch', () => {
  test('lists, then follows additions, changes and deletions', async () => {
    ns('a');
    const seen = follow();
    await vi.waitFor(() => expect(api.watches.count()).toBe(1), soon);
    expect(seen.watch.state()).toEqual({ synced: true });
    ns('b');
    api.delete('namespaces', 'a');
    await vi.waitFor(() => expect([...seen.names]).toEqual(['b']), soon);
    expect(seen.calls).toEqual(['replace 1', 'upsert b', 'delete a']);
    expect(api.requests[0]?.headers.accept).toContain('PartialObjectMetadataList');
    expect(api.requests[1]?.query.get('allowWatchBookmarks')).toBe('true');
    const lasting = Number(api.requests[1]?.query.get('timeoutSeconds'));
    expect(lasting).toBeGreaterThanOrEqual(300);
    expect(lasting).toBeLessThanOrEqual(600);
  });

  test('reads a list in pages and starts over when the continue token has expired', async () => {
    for (let n = 0; n < 1200; n++) ns(`n${n}`);
    api.fault({ verb: 'list', continued: true, answer: 410, times: 1 });
    const seen = follow();
    await vi.waitFor(() => expect(seen.names.size).toBe(1200), soon);
    expect(seen.calls).toEqual(['replace 1200']);
    expect(count('list')).toBe(5);
  });

  test('goes on where a cut connection ended, without a new list', async () => {
    const seen = follow();
    await vi.waitFor(() => expect(api.watches.count()).toBe(1), soon);
    for (const name of ['a', 'b', 'c']) {
      api.watches.cut();
      ns(name);
      await vi.waitFor(() => expect(seen.names).toContain(name), soon);
    }
    expect(seen.calls).toEqual(['replace 0', 'upsert a', 'upsert b', 'upsert c']);
    await vi.waitFor(() => expect(seen.watch.state()).toEqual({ synced: true }), soon);
  });

  test('goes on from the last bookmark, not from the list', async () => {
    const seen = follow();
    await vi.waitFor(() => expect(api.watches.count()).toBe(1), soon);
    api.put('secrets', { metadata: { name: 'other' } });
    await new Promise((resolve) => setTimeout(resolve, 120));
    api.compact();
    api.watches.cut();
    ns('a');
    await vi.waitFor(() => expect(seen.names).toContain('a'), soon);
    expect(count('list')).toBe(1);
  });

  test.each([
    [
      'an answer 410',
      () => {
        api.fault({ verb: 'watch', answer: 410, times: 1 });
        api.watches.cut();
      },
    ],
    ['an ERROR event 410', () => api.watches.send('{"type":"ERROR","object":{"kind":"Status","code":410}}')],
    ['an ERROR event 500', () => api.watches.send('{"type":"ERROR","object":{"kind":"Status","code":500}}')],
    ['a line that is no JSON', () => api.watches.send('{"type":')],
    ['an event without an object', () => api.watches.send('[1]')],
  ])('lists again after %s', async (_title, harm) => {
    ns('a');
    const seen = follow();
    await vi.waitFor(() => expect(api.watches.count()).toBe(1), soon);
    harm();
    await vi.waitFor(() => expect(count('list')).toBe(2), soon);
    ns('b');
    await vi.waitFor(() => expect([...seen.names]).toEqual(['a', 'b']), soon);
    await vi.waitFor(() => expect(seen.watch.state()).toEqual({ synced: true }), soon);
  });

  test('opens a watch again that is silent for too long', async () => {
    const seen = follow({ idle: 150 });
    await vi.waitFor(() => expect(api.watches.count()).toBe(1), soon);
    api.watches.freeze();
    ns('missed');
    await vi.waitFor(() => expect(seen.names).toContain('missed'), soon);
    expect(count('list')).toBe(1);
    expect(seen.watch.state().lastError).toBeUndefined();
  });

  test('lists again from time to time', async () => {
    const seen = follow({ resync: 100 });
    await vi.waitFor(() => expect(count('list')).toBeGreaterThanOrEqual(3), soon);
    expect(seen.watch.state()).toEqual({ synced: true });
  });

  test('does not ask in a tight loop when the server ends every watch or says 410 for ever', async () => {
    api.fault({ verb: 'watch', answer: 410 });
    follow({ firstRetry: 100, lastRetry: 100 });
    await new Promise((resolve) => setTimeout(resolve, 450));
    expect(count('list')).toBeLessThanOrEqual(6);
  });

  test('R14: keeps what it has while the server is away, and says since when', async () => {
    ns('a');
    const seen = follow();
    await vi.waitFor(() => expect(api.watches.count()).toBe(1), soon);
    const heal = api.fault({ answer: 500 });
    api.watches.cut();
    await vi.waitFor(() => expect(seen.watch.state().lastError?.status).toBe(500), soon);
    const { staleSince, synced } = seen.watch.state();
    expect(synced).toBe(true);
    expect(Math.abs(Date.now() - (staleSince ?? 0))).toBeLessThan(60_000);
    expect([...seen.names]).toEqual(['a']);
    heal();
    ns('b');
    await vi.waitFor(() => expect([...seen.names]).toEqual(['a', 'b']), soon);
    await vi.waitFor(() => expect(seen.watch.state()).toEqual({ synced: true }), soon);
    expect(seen.states.length).toBeGreaterThanOrEqual(3);
  });

  test.each([
    ['hangs', { hang: true } as const, 'Timeout'],
    ['cuts the connection', { cut: true } as const, 'Cut'],
    ['sends no JSON', { badJson: true } as const, 'BadAnswer'],
    ['forbids it', { forbidden: true } as const, 'Forbidden'],
  ])('is not synced while the list %s, and recovers', async (_title, kind, reason) => {
    const heal = api.fault({ verb: 'list', ...kind });
    const seen = follow();
    await vi.waitFor(() => expect(seen.watch.state().lastError?.reason).toBe(reason), soon);
    expect(seen.watch.state().synced).toBe(false);
    heal();
    await vi.waitFor(() => expect(seen.watch.state()).toEqual({ synced: true }), soon);
  });

  test('closes at once, whatever it is doing', async () => {
    api.fault({ verb: 'list', hang: true });
    const seen = follow();
    await vi.waitFor(() => expect(count('list')).toBe(1), soon);
    const before = performance.now();
    await seen.watch.close();
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});

describe('lines', () => {
  const parts = async function* (...texts: string[]) {
    for (const text of texts) yield await Promise.resolve(Buffer.from(text));
  };
  const read = async (limit: number, ...texts: string[]) => {
    const lines: string[] = [];
    const end = await readLines(parts(...texts), limit, (line) => lines.push(line) < 10);
    return [end, ...lines];
  };
  test.each([
    [
      'are put together from parts',
      [100, 'a', 'b\nc', 'd\n\n', 'é'.slice(0, 1), '\n'],
      ['ended', 'ab', 'cd', 'é'],
    ],
    ['an unfinished one at the end is dropped', [100, 'ab\ncd'], ['ended', 'ab']],
    ['one beyond the limit ends the stream', [4, 'abcd\n', 'abc', 'de'], ['too-long', 'abcd']],
    ['one beyond the limit in a single part as well', [4, 'abcde\n'], ['too-long']],
  ] as const)('%s', async (_title, [limit, ...texts], want) => {
    expect(await read(limit, ...texts)).toEqual(want);
  });
});
