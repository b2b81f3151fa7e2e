import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import {
  startService,
  type CloudCall,
  type CloudReply,
  type CloudService,
} from '../../../test/fakes/cloud.ts';
import { makeRegistryCertificate } from '../../../test/fakes/registry/registry-certificate.ts';
import { listen } from '../../../test/fakes/registry/registry-listener.ts';
import { createCloudHttp, type CloudHttpOptions, type CloudRequest } from './cloud-http.ts';

const services: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()));
});
const start = async (answer: (call: CloudCall) => CloudReply | undefined): Promise<CloudService> => {
  const service = await startService(answer);
  services.push(service);
  return service;
};
const never = new AbortController().signal;
const ask = (
  url: string,
  options: CloudHttpOptions = {},
  request: Partial<CloudRequest> = {},
  signal = never,
) =>
  createCloudHttp(options).ask(
    {
      step: 'the service',
      url: new URL(url),
      method: 'POST',
      headers: { authorization: 'hunter2' },
      body: 'secret=hunter2',
      direct: false,
      ...request,
    },
    signal,
  );

describe('a request to a cloud', () => {
  test('is not sent to a server without a certificate, though NODE_TLS_REJECT_UNAUTHORIZED is 0', async () => {
    const arrived: string[] = [];
    const server = await listen({ tls: await makeRegistryCertificate() }, async ({ body, response }) => {
      arrived.push(body);
      response.end();
    });
    services.push(server);
    const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env;
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const answer = await ask(server.url);
      expect(!answer.ok && answer.error).toContain('showed a certificate that is not trusted');
      expect(arrived).toEqual([]);
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  test('carries what was given and returns status, headers and text', async () => {
    const service = await start(() => ({ status: 201, headers: { 'X-Kind': 'Yes' }, body: 'hello' }));
    const answer = await ask(`${service.url}/path?x=1`);
    expect(answer).toMatchObject({
      ok: true,
      value: { status: 201, text: 'hello', headers: { 'x-kind': 'Yes' } },
    });
    expect(service.calls).toMatchObject([{ method: 'POST', path: '/path?x=1', body: 'secret=hunter2' }]);
    expect(service.calls[0]?.headers).toMatchObject({ authorization: 'hunter2' });
  });

  test('B28: follows no redirect, so the token stays where it was meant to go', async () => {
    const thief = await start(() => ({ status: 200, body: '{}' }));
    const service = await start(() => ({ status: 307, headers: { location: thief.url }, body: '' }));
    expect(await ask(service.url)).toMatchObject({ ok: true, value: { status: 307 } });
    expect(thief.calls).toEqual([]);
  });

  test('asks for nothing compressed: an answer cannot grow while it is read', async () => {
    const service = await start(() => ({ status: 200, body: '{}' }));
    await ask(service.url);
    expect(service.calls[0]?.headers['accept-encoding']).toBeUndefined();
  });

  test.each([
    ['256 KiB are read', 256 * 1024, true],
    ['one byte more is not', 256 * 1024 + 1, false],
  ])('%s', async (_title, size, accepted) => {
    const service = await start(() => ({ status: 200, body: 'x'.repeat(size) }));
    const answer = await ask(service.url);
    expect(answer.ok).toBe(accepted);
    if (!answer.ok)
      expect(answer.error).toMatch(/^the service \(127\.0\.0\.1:\d+\) answered with more than 256 KiB$/);
  });

  test('ends when no answer comes', async () => {
    const service = await start(() => undefined);
    expect(await ask(service.url, { timeout: 50 })).toEqual({
      ok: false,
      error: expect.stringMatching(/^the service \(127\.0\.0\.1:\d+\) did not answer within 50 ms$/),
    });
  });

  test('ends when a connection stays silent', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    services.push(server);
    const { port } = server.address() as AddressInfo;
    const answer = await ask(`http://127.0.0.1:${String(port)}`, { timeout: 50 });
    expect(answer).toMatchObject({
      ok: false,
      error: expect.stringContaining('did not answer within 50 ms'),
    });
  });

  test('ends with the review that wanted it', async () => {
    const review = new AbortController();
    const service = await start(() => {
      review.abort();
      return undefined;
    });
    const answer = await ask(service.url, {}, {}, review.signal);
    expect(answer).toMatchObject({
      ok: false,
      error: expect.stringContaining('the time of the review is used up'),
    });
  });

  test('tells that a service refuses the connection, and nothing of what was to be sent', async () => {
    const answer = await ask('http://127.0.0.1:1');
    expect(answer.ok ? '' : answer.error).toBe('the service (127.0.0.1:1) refused the connection');
  });

  test('tells that a service does not speak HTTP', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    services.push(server);
    const { port } = server.address() as AddressInfo;
    const answer = await ask(`http://127.0.0.1:${String(port)}`);
    expect(answer.ok ? '' : answer.error).toMatch(/does not speak HTTP/);
  });
});

describe('a proxy', () => {
  /** Answers CONNECT itself: what it was asked for is all that matters here. */
  const startProxy = async () => {
    const asked: string[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', (data) => {
        asked.push(data.toString().split('\r\n')[0] ?? '');
        socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    services.push(server);
    const { port } = server.address() as AddressInfo;
    return { asked, url: `http://127.0.0.1:${String(port)}` };
  };

  test('is used where it is configured, and its refusal is a failure', async () => {
    const proxy = await startProxy();
    const service = await start(() => ({ status: 200, body: '{}' }));
    const answer = await ask(service.url, { proxyFor: () => proxy.url });
    expect(answer.ok).toBe(false);
    expect(proxy.asked).toEqual([`CONNECT ${new URL(service.url).host} HTTP/1.1`]);
    expect(service.calls).toEqual([]);
  });

  test('never sees what a service of this machine says', async () => {
    const proxy = await startProxy();
    const service = await start(() => ({ status: 200, body: '{}' }));
    expect(await ask(service.url, { proxyFor: () => proxy.url }, { direct: true })).toMatchObject({
      ok: true,
    });
    expect(proxy.asked).toEqual([]);
  });
});
