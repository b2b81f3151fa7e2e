import { afterEach, describe, expect, test } from 'vitest';
import { makeRegistryCertificate } from '../../../../test/fakes/registry/registry-certificate.ts';
import {
  ask,
  createDoubles,
  onLoopback,
  requestTo,
} from '../../../../test/fakes/registry/registry-transport.ts';
import { connectSocket } from '../network/checked-socket.ts';

const doubles = createDoubles();
const { plain, serve, speak, transport } = doubles;
afterEach(doubles.end);

describe('TLS', () => {
  test('the CA of the row is trusted for that host, and for no other', async () => {
    const certificate = await makeRegistryCertificate();
    const server = await serve(({ response }) => response.end('ok'), { tls: certificate });
    const other = server.host.replace('127.0.0.1', 'localhost');
    const http = transport({
      [server.host]: { allowPrivateAddress: true, ca: certificate.ca },
      [other]: { allowPrivateAddress: true },
    });
    expect(await ask(http, requestTo(server.host))).toEqual({ status: 200, text: 'ok' });
    expect(await ask(http, requestTo(other))).toMatchObject({
      kind: 'unreachable',
      stage: 'connect',
      why: expect.stringContaining('give that CA as caFile') as string,
    });
  });

  test.each([
    ['for another name', { names: ['registry.example.org'] }, 'its certificate is for another name'],
    ['that has expired', { expired: true }, 'its certificate has expired'],
  ])('a certificate %s is refused, also with the right CA', async (_title, options, why) => {
    const certificate = await makeRegistryCertificate(options);
    const server = await serve(({ response }) => response.end('ok'), { tls: certificate });
    const name = server.host.replace('127.0.0.1', 'registry.example.com');
    const http = transport({ [name]: { allowPrivateAddress: true, ca: certificate.ca } });
    expect(await ask(http, requestTo(name))).toMatchObject({
      stage: 'connect',
      why: expect.stringContaining(why) as string,
    });
  });

  test('NODE_TLS_REJECT_UNAUTHORIZED switches nothing off', async () => {
    const certificate = await makeRegistryCertificate();
    const server = await serve(({ response }) => response.end('ok'), { tls: certificate });
    const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env;
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const http = transport({ [server.host]: { allowPrivateAddress: true } });
      expect(await ask(http, requestTo(server.host))).toMatchObject({
        kind: 'unreachable',
        stage: 'connect',
      });
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  test('TLS 1.1 is not spoken', async () => {
    const certificate = await makeRegistryCertificate();
    const old = { ...certificate, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' };
    const server = await serve(({ response }) => response.end('ok'), { tls: old });
    const http = transport({ [server.host]: { allowPrivateAddress: true, ca: certificate.ca } });
    expect(await ask(http, requestTo(server.host))).toMatchObject({
      stage: 'connect',
      why: expect.stringContaining('TLS version') as string,
    });
  });

  test('a caFile that holds no certificate is named as what is wrong', async () => {
    const server = await serve(({ response }) => response.end('ok'));
    const http = transport({ [server.host]: { allowPrivateAddress: true, ca: 'not a certificate' } });
    expect(await ask(http, requestTo(server.host))).toMatchObject({
      kind: 'refused',
      stage: 'configuration',
      why: 'the caFile of this host is of no use: it holds no PEM certificate',
    });
  });

  test('plain HTTP on a port that is meant to speak TLS is named, and not fallen back to', async () => {
    const server = await serve(({ response }) => response.end('ok'));
    const http = transport({ [server.host]: { allowPrivateAddress: true } });
    expect(await ask(http, requestTo(server.host))).toMatchObject({
      kind: 'unreachable',
      why: expect.stringContaining('does not speak TLS') as string,
    });
  });
});

describe('a failure says what happened', () => {
  const unknown = (): Promise<readonly string[]> =>
    Promise.reject(Object.assign(new Error('queryA ENOTFOUND x'), { code: 'ENOTFOUND' }));

  test('no such host', async () => {
    const http = transport({ 'registry.example.com': { configured: true } }, { resolve: unknown });
    expect(await ask(http, requestTo('registry.example.com'))).toEqual({
      kind: 'unreachable',
      stage: 'address',
      host: 'registry.example.com',
      why: 'no such host: the name has no address (ENOTFOUND)',
      // The operator named it in a row, so its name failing is an outage: no tenant can cause that (R25).
      excusable: true,
    });
  });

  test('no such host, where nobody configured it: the user who wrote the name can cause that (R25)', async () => {
    const failed = await ask(transport({}, { resolve: unknown }), requestTo('registry.example.com'));
    expect(failed).not.toHaveProperty('excusable');
    expect(failed).toMatchObject({ kind: 'refused', stage: 'address' });
  });

  test('a name whose lookup never ends, also when it cannot be called off', async () => {
    const http = transport(
      { 'registry.example.com': { timeout: 100 } },
      { resolve: () => new Promise(() => undefined) },
    );
    expect(await ask(http, requestTo('registry.example.com'))).toMatchObject({
      kind: 'timeout',
      stage: 'address',
    });
  });

  test('a defect below does not reject, and gives the turn back', async () => {
    let broken = true;
    const server = await serve(({ response }) => response.end('ok'));
    const http = transport(
      { [server.host]: { ...onLoopback, concurrency: 1 } },
      {
        openSocket: (addresses, port) => {
          if (broken) throw new Error('defect');
          return connectSocket(addresses, port);
        },
      },
    );
    expect(await ask(http, requestTo(server.host))).toMatchObject({ why: 'the connection failed' });
    broken = false;
    expect(await ask(http, requestTo(server.host))).toEqual({ status: 200, text: 'ok' });
  });

  test('a port where nothing listens', async () => {
    const server = await serve(() => undefined);
    await server.down();
    expect(await ask(plain(server), requestTo(server.host))).toMatchObject({
      kind: 'unreachable',
      stage: 'connect',
      why: 'connection refused: nothing listens on that port (ECONNREFUSED)',
    });
    await server.up();
  });

  test('something that speaks no HTTP', async () => {
    const server = await speak((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
    const answer = await ask(transport({ [server.host]: onLoopback }), requestTo(server.host));
    expect(answer).toMatchObject({ stage: 'manifest', why: expect.not.stringContaining('SSH') as string });
  });

  test('a host that says nothing, with the time it had', async () => {
    const server = await speak(() => undefined);
    const http = transport({ [server.host]: { ...onLoopback, timeout: 150 } });
    expect(await ask(http, requestTo(server.host))).toEqual({
      kind: 'timeout',
      stage: 'manifest',
      host: server.host,
      why: 'it did not answer in full within 150 ms, the timeout in the row of this host',
      excusable: true,
    });
  });

  test('the deadline of the review, when that comes first', async () => {
    const server = await speak(() => undefined);
    const http = transport({ [server.host]: onLoopback });
    const answer = await ask(http, requestTo(server.host, '/', { signal: AbortSignal.timeout(80) }));
    expect(answer).toMatchObject({
      kind: 'timeout',
      why: expect.stringContaining('deadline of the review') as string,
    });
  });

  test('a header that HTTP does not allow, without showing it', async () => {
    const server = await serve(({ response }) => response.end('ok'));
    const request = requestTo(server.host, '/', { headers: { authorization: 'Bearer se\ncret' } });
    const answer = await ask(plain(server), request);
    expect(answer).toMatchObject({ kind: 'invalid' });
    expect(JSON.stringify(answer)).not.toContain('cret');
  });

  test.each(['registry.example.com/path', 'user@registry.example.com', 'registry example', ''])(
    'a host that is none: %s',
    async (host) => {
      expect(await ask(transport({}), requestTo(host))).toMatchObject({
        kind: 'refused',
        stage: 'configuration',
      });
    },
  );
});
