import * as net from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import {
  ask,
  createDoubles,
  failureOf,
  onLoopback,
  requestTo,
  responseOf,
  type Rows,
} from '../../../../test/fakes/registry/registry-transport.ts';
import { defaultSettings } from '../settings.ts';

const doubles = createDoubles();
const { plain, serve, speak, transport } = doubles;
afterEach(doubles.end);

describe('an answer', () => {
  test('comes with status, lower-case headers, address and body', async () => {
    const server = await serve(({ response, url, request }) => {
      response.writeHead(200, { 'X-Two': ['a', 'b'], 'Content-Type': 'text/plain' });
      response.end(`${request.method} ${url.pathname}${url.search} ${request.headers['accept']}`);
    });
    const response = responseOf(
      await plain(server).send(requestTo(server.host, '/v2/a?n=1', { headers: { accept: 'x/y' } })),
    );
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({ 'x-two': 'a, b', 'content-type': 'text/plain' });
    expect(response.url.href).toBe(`${server.url}/v2/a?n=1`);
    const body = await response.read(1000);
    expect(body.ok && Buffer.from(body.value).toString()).toBe('GET /v2/a?n=1 x/y');
  });

  test('to HEAD has the headers and no body, whatever length is announced', async () => {
    const server = await serve(({ response }) => response.writeHead(200, { 'content-length': 9000 }).end());
    const response = responseOf(await plain(server).send(requestTo(server.host, '/v2/', { method: 'HEAD' })));
    expect(response.headers['content-length']).toBe('9000');
    expect(await response.read(10)).toEqual({ ok: true, value: new Uint8Array() });
  });

  test('to POST has been asked with the body', async () => {
    const server = await serve(({ response, request, body }) => response.end(`${request.method} ${body}`));
    const request = requestTo(server.host, '/token', { method: 'POST', body: 'grant_type=password' });
    expect(await ask(plain(server), request)).toEqual({ status: 200, text: 'POST grant_type=password' });
  });

  test('is never decompressed, and no compression is asked for', async () => {
    const packed = gzipSync('x'.repeat(100_000));
    const server = await serve(({ response, request }) => {
      expect(request.headers['accept-encoding']).toBe('identity');
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
    });
    const response = responseOf(await plain(server).send(requestTo(server.host)));
    const body = await response.read(packed.length);
    expect(body.ok && Buffer.from(body.value).equals(packed)).toBe(true);
  });

  test('with an error status is an answer too', async () => {
    const server = await serve(({ response }) => response.writeHead(404).end('{}'));
    expect(await ask(plain(server), requestTo(server.host))).toEqual({ status: 404, text: '{}' });
  });
});

describe('B9: a body is bounded', () => {
  test('a body of exactly the limit is read, one byte more is not', async () => {
    const server = await serve(({ response }) => {
      response.write('12345');
      response.end('67890');
    });
    const http = plain(server);
    expect(await ask(http, requestTo(server.host), 10)).toEqual({ status: 200, text: '1234567890' });
    expect(await ask(http, requestTo(server.host), 9)).toMatchObject({ kind: 'limit', stage: 'manifest' });
  });

  test('a length above the limit is refused without waiting for a byte', async () => {
    const server = await speak((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 900000000\r\n\r\n'));
    });
    const http = transport({ [server.host]: { ...onLoopback, timeout: 2000 } });
    expect(await ask(http, requestTo(server.host), 1000)).toMatchObject({
      kind: 'limit',
      why: 'its answer, 900000000 bytes, is larger than the 1000 bytes that are read',
    });
  });

  test('a flood without a length is cut off at the limit', async () => {
    let taken = 0;
    const server = await speak((socket) => {
      const pour = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536))) taken += 65_536;
      };
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.on('drain', pour);
        pour();
      });
    });
    const http = transport({ [server.host]: onLoopback });
    expect(await ask(http, requestTo(server.host), 1000)).toMatchObject({ kind: 'limit' });
    expect(taken).toBeLessThan(20_000_000);
  });

  test.each([
    ['ends before its length', 'content-length: 100\r\n\r\nhalf', 'its answer ends after 4 of 100 bytes'],
    [
      'ends inside of a chunk',
      'transfer-encoding: chunked\r\n\r\n64\r\nhalf',
      'its answer ends after 4 bytes',
    ],
  ])('a body that %s is invalid', async (_title, rest, why) => {
    const server = await speak((socket) => {
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${rest}`));
    });
    const answer = await ask(transport({ [server.host]: onLoopback }), requestTo(server.host));
    expect(answer).toEqual({ kind: 'invalid', stage: 'manifest', host: server.host, why });
  });

  test('a body that drips ends with the timeout of the row', async () => {
    const server = await serve(({ response }) => {
      response.writeHead(200, { 'content-length': 1000 });
      const timer = setInterval(() => response.write('.'), 20);
      response.once('close', () => clearInterval(timer));
    });
    const answer = await ask(plain(server, { timeout: 300 }), requestTo(server.host));
    expect(answer).toMatchObject({ kind: 'timeout', stage: 'manifest' });
  });

  test('a body in pieces of one byte is refused long before its limit', async () => {
    const chunk = Buffer.from('1\r\nx\r\n'.repeat(10_000));
    const server = await speak((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
        for (let count = 0; count < 20; count++) socket.write(chunk);
      });
    });
    const answer = await ask(transport({ [server.host]: onLoopback }), requestTo(server.host));
    expect(answer).toMatchObject({ kind: 'invalid', why: 'its answer comes in pieces of a few bytes' });
  });

  test('headers beyond 16 KiB are refused', async () => {
    const server = await serve(({ response }) => response.writeHead(200, { x: 'y'.repeat(17_000) }).end());
    expect(failureOf(await plain(server).send(requestTo(server.host)))).toMatchObject({ kind: 'invalid' });
  });

  test('an answer that nobody reads lets go of its connection with the timeout', async () => {
    const server = await serve(({ response }) => {
      response.writeHead(200);
      response.write('x');
    });
    const http = plain(server, { timeout: 200, concurrency: 1 });
    const unread = responseOf(await http.send(requestTo(server.host)));
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(responseOf(await http.send(requestTo(server.host))).status).toBe(200);
    expect(await unread.read(10)).toMatchObject({ ok: false, error: { kind: 'timeout' } });
  });
});

describe('connections', () => {
  const countedServer = async () => {
    const connections = new Set<net.Socket>();
    const server = await serve(({ request, response }) => {
      connections.add(request.socket);
      response.end('ok');
    });
    return { server, connections };
  };

  test('are kept for the next request, after reading and after dropping', async () => {
    const { server, connections } = await countedServer();
    const http = plain(server);
    await ask(http, requestTo(server.host));
    responseOf(await http.send(requestTo(server.host))).discard();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await ask(http, requestTo(server.host));
    expect(connections.size).toBe(1);
  });

  test('one that the other side resets while it is idle costs a GET nothing', async () => {
    let count = 0;
    const server = await speak((socket) => {
      const mine = ++count;
      let asked = 0;
      socket.on('data', () => {
        asked += 1;
        if (mine === 1 && asked === 2) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      });
    });
    const http = transport({ [server.host]: onLoopback });
    await ask(http, requestTo(server.host));
    expect(await ask(http, requestTo(server.host))).toEqual({ status: 200, text: 'ok' });
    expect(count).toBe(2);
  });

  test('a reset on a new connection is a failure: there is no second try', async () => {
    let count = 0;
    const server = await speak((socket) => {
      count += 1;
      socket.once('data', () => socket.resetAndDestroy());
    });
    const http = transport({ [server.host]: onLoopback });
    expect(await ask(http, requestTo(server.host))).toMatchObject({ kind: 'unreachable' });
    expect(count).toBe(1);
  });

  test('are not used any longer when the row of their host has changed', async () => {
    const { server, connections } = await countedServer();
    let row: Rows[string] = onLoopback;
    const http = transport({}, { settingsOf: (host) => ({ ...defaultSettings(host), ...row }) });
    await ask(http, requestTo(server.host));
    row = { plainHttp: true };
    expect(await ask(http, requestTo(server.host))).toMatchObject({ kind: 'refused' });
    row = onLoopback;
    await ask(http, requestTo(server.host));
    expect(connections.size).toBe(2);
  });

  test('end with close(), also what is under way and what waits', async () => {
    const server = await serve(({ response }) => response.writeHead(200).flushHeaders());
    const http = plain(server, { concurrency: 1 });
    const open = responseOf(await http.send(requestTo(server.host)));
    const reading = open.read(10);
    const waiting = http.send(requestTo(server.host));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await http.close();
    expect(await reading).toMatchObject({ ok: false, error: { why: 'the gate is shutting down' } });
    expect(failureOf(await waiting)).toMatchObject({ kind: 'busy', stage: 'queue' });
    expect(failureOf(await http.send(requestTo(server.host))).why).toBe('the gate is shutting down');
  });

  test('beyond the limit of all hosts are refused with a text, idle ones give way', async () => {
    const server = await serve(({ response, url }) => {
      if (url.pathname === '/hang') response.writeHead(200).flushHeaders();
      else response.end('ok');
    });
    const port = server.host.split(':')[1];
    const [one, two] = [`one.example:${port}`, `two.example:${port}`];
    const http = transport({ [one]: onLoopback, [two]: onLoopback }, { limits: { maxSockets: 1 } });
    await ask(http, requestTo(one));
    expect(await ask(http, requestTo(two))).toEqual({ status: 200, text: 'ok' });
    responseOf(await http.send(requestTo(two, '/hang')));
    expect(failureOf(await http.send(requestTo(one)))).toMatchObject({
      stage: 'queue',
      why: 'all 1 connections to registries are taken, or all that one namespace gets of them',
    });
  });

  test('B9: connections that strangers take keep nobody from a configured host', async () => {
    const server = await serve(({ response, url }) => {
      if (url.pathname === '/hang') response.writeHead(200).flushHeaders();
      else response.end('ok');
    });
    const port = server.host.split(':')[1];
    const [stranger, house] = [`one.example:${port}`, `two.example:${port}`];
    const http = transport(
      { [stranger]: onLoopback, [house]: { ...onLoopback, configured: true } },
      { limits: { maxSockets: 1, maxHosts: 1 } },
    );
    responseOf(await http.send(requestTo(stranger, '/hang')));
    expect(await ask(http, requestTo(house))).toEqual({ status: 200, text: 'ok' });
    expect(failureOf(await http.send(requestTo(stranger)))).toMatchObject({ stage: 'queue' });
  });
});

test('Docker Hub is asked at registry-1.docker.io, by the row of docker.io', async () => {
  const asked: string[] = [];
  const resolve = (name: string): Promise<readonly string[]> => {
    asked.push(name);
    return Promise.resolve(['127.0.0.1']);
  };
  const server = await serve(({ response, request }) => response.end(request.headers.host));
  const port = Number(server.host.split(':')[1]);
  const http = transport(
    { 'docker.io': onLoopback },
    { resolve, openSocket: () => net.connect(port, '127.0.0.1') },
  );
  expect(await ask(http, requestTo('docker.io'))).toEqual({ status: 200, text: 'registry-1.docker.io' });
  expect(await ask(http, requestTo('index.docker.io'))).toEqual({
    status: 200,
    text: 'registry-1.docker.io',
  });
  expect(asked).toEqual(['registry-1.docker.io']);
});
