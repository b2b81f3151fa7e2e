import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAdminServer } from './admin-server.ts';
import type { AdminServer } from './admin-server.ts';

let server: AdminServer;
let ready = true;
let metrics: () => { contentType: string; text: string };
const problems: unknown[] = [];

beforeAll(async () => {
  const started = await startAdminServer(
    { host: '127.0.0.1', port: 0 },
    {
      readiness: () => ({
        ready,
        text: 'certificates: ok\npolicies: ok\nstore: disk full, 12 decisions not written',
      }),
      metrics: () => metrics(),
    },
    (problem) => problems.push(problem),
  );
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
  const second = await startAdminServer(server.address, handlers, () => {});
  expect(second).toMatchObject({
    ok: false,
    error: expect.stringContaining('something listens there already') as string,
  });
});
