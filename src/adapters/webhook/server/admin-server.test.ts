import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startAdminServer, type AdminHandlers, type AdminServer } from './admin-server.ts';

let server: AdminServer;
let ready = true;
let metrics: AdminHandlers['metrics'];
const problems: unknown[] = [];
const limits: string[] = [];
let now = 0;

beforeAll(async () => {
  const started = await startAdminServer({
    listen: { host: '127.0.0.1', port: 0 },
    handlers: {
      readiness: () => ({
        ready,
        text: 'certificates: ok\npolicies: ok\nstore: disk full, 12 decisions not written',
      }),
      metrics: () => metrics(),
    },
    clock: { monotonic: () => now },
    onProblem: (problem) => problems.push(problem),
    onLimit: (message) => limits.push(message),
  });
  if (!started.ok) throw new Error(started.error);
  server = started.value;
});
afterAll(() => server.close());

const get = (path: string, method = 'GET'): Promise<Response> => fetch(server.url + path, { method });

test('/healthz is 200 while the process answers', async () => {
  const response = await get('/healthz');
  expect(response.status).toBe(200);
  expect(await response.text()).toBe('ok\n');
});

test('R14: /readyz follows readiness, and store trouble stands in its body only', async () => {
  ready = true;
  const yes = await get('/readyz?verbose');
  expect(yes.status).toBe(200);
  expect(await yes.text()).toContain('store: disk full');
  ready = false;
  expect((await get('/readyz')).status).toBe(503);
});

test('/metrics is what the handler gives, and a failing handler is a 500 that is reported', async () => {
  metrics = () => ({ contentType: 'text/plain; version=0.0.4', text: 'imagegate_policies 3\n' });
  const response = await get('/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  expect(await response.text()).toBe('imagegate_policies 3\n');
  now += 1_000;
  metrics = () => {
    throw new Error('boom');
  };
  expect((await get('/metrics')).status).toBe(500);
  expect(problems).toHaveLength(1);
});

test.each([
  ['GET', '/', 404],
  ['GET', '/validate', 404],
  ['POST', '/healthz', 405],
  ['POST', '/validate', 405],
  ['DELETE', '/metrics', 405],
  ['HEAD', '/healthz', 200],
  ['HEAD', '/nothing', 404],
])('%s %s is %i', async (method, path, status) => expect((await get(path, method)).status).toBe(status));

test('rubbish is answered with 400 and closes the connection', async () => {
  const socket = connect(server.address);
  socket.end('\u0016\u0003\u0001 hello\r\n\r\n');
  let text = '';
  socket.on('data', (piece) => (text += piece.toString()));
  await once(socket, 'close');
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
});

test('a taken port is a sentence', async () => {
  const handlers = { readiness: () => ({ ready, text: '' }), metrics: () => metrics() };
  const second = await startAdminServer({
    listen: server.address,
    handlers,
    clock: { monotonic: () => now },
    onProblem: () => {},
    onLimit: () => {},
  });
  expect(second).toMatchObject({
    ok: false,
    error: expect.stringContaining('something listens there already') as string,
  });
});

describe('R27, B50: probes have places that nobody can take from them', () => {
  const held: Socket[] = [];
  afterEach(() => {
    for (const socket of held.splice(0)) socket.destroy();
  });
  /** A connection from an address of its own, as a Pod has one; what it sent has arrived. */
  const hold = async (localAddress: string, text: string): Promise<Socket> => {
    const socket = connect({ ...server.address, localAddress });
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(text);
    held.push(socket);
    return socket;
  };
  const pods = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
  const holdAll = async (count: number, text: string): Promise<void> => {
    for (let at = 0; at < count; at++) await hold(pods[at % pods.length] ?? '', text);
  };

  test.each([
    ['that say nothing', ''],
    ['whose headers never end', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: '],
    ['whose bodies never end', 'GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n'],
    ['that are kept open after an answer', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('beside 200 connections %s every probe is answered', async (_title, text) => {
    ready = true;
    metrics = () => ({ contentType: 'text/plain', text: 'x 1\n' });
    await holdAll(200, text);
    for (let at = 0; at < 20; at++) {
      expect((await get('/healthz')).status).toBe(200);
      expect((await get('/readyz')).status).toBe(200);
    }
  });

  test('probes that come from the address of the flood are answered too: the oldest gives way', async () => {
    for (let at = 0; at < 60; at++) {
      await hold('127.0.0.1', 'GET /healthz HTTP/1.1\r\n');
      if (at % 6 === 0) expect((await get('/healthz')).status).toBe(200);
    }
    expect(limits).toContain('more than 8 unfinished connections of one address');
  });

  test('requests for metrics that take for ever leave probes alone, and do not keep out another peer', async () => {
    let finish: (() => void) | undefined;
    const waiting = new Promise<void>((resolve) => (finish = resolve));
    now += 1_000;
    metrics = async () => (await waiting, { contentType: 'text/plain', text: 'x 2\n' });
    await holdAll(40, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await get('/healthz')).status).toBe(200);
    const scrape = get('/metrics');
    expect((await get('/readyz')).status).toBe(200);
    finish?.();
    expect(await (await scrape).text()).toBe('x 2\n');
  });

  test('the page of metrics is made at most once a second, however many ask', async () => {
    let made = 0;
    metrics = () => ({ contentType: 'text/plain', text: `made ${String(++made)}\n` });
    now += 1_000;
    const texts = async (): Promise<ReadonlySet<string>> => {
      const pages = Array.from({ length: 5 }, async () => (await get('/metrics')).text());
      return new Set(await Promise.all(pages));
    };
    expect(await texts()).toEqual(new Set(['made 1\n']));
    now += 999;
    expect(await texts()).toEqual(new Set(['made 1\n']));
    now += 1;
    expect(await texts()).toEqual(new Set(['made 2\n']));
  });

  test('a connection carries one request: an idle one would keep a place', async () => {
    const response = await get('/healthz');
    expect(response.headers.get('connection')).toBe('close');
  });
});
