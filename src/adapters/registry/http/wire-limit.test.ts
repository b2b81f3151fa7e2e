import type { Socket } from 'node:net';
import { createServer } from 'node:tls';
import { errors } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { makeRegistryCertificate } from '../../../../test/fakes/registry/registry-certificate.ts';
import {
  ask,
  createDoubles,
  onLoopback,
  requestTo,
} from '../../../../test/fakes/registry/registry-transport.ts';

const doubles = createDoubles();
const { speak, serve, transport } = doubles;
afterEach(doubles.end);

const mebibyte = 1024 * 1024;

/** Answers a request with a beginning and then with the same bytes for ever, as fast as they are taken. */
const flooder = (beginning: string, endless: string) => {
  const block = Buffer.from(endless.repeat(Math.ceil(32_768 / endless.length)));
  const sockets: Socket[] = [];
  return {
    taken: () => sockets.reduce((sum, socket) => sum + socket.bytesWritten - socket.writableLength, 0),
    pour: (socket: Socket): void => {
      sockets.push(socket);
      const go = (): void => {
        while (!socket.destroyed && socket.write(block));
      };
      socket.once('data', () => {
        socket.write(beginning);
        socket.on('drain', go);
        go();
      });
    },
  };
};

const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';

describe('B9: bytes that are no answer and never end', () => {
  test.each([
    ['early hints', '', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'],
    ['interim answers', '', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['blank lines before the answer', '', '\r\n'],
    ['a reason phrase', 'HTTP/1.1 200 ', 'x'],
    ['an extension of a chunk', `${chunked}1;`, 'a=b;'],
    ['a quoted extension of a chunk', `${chunked}1;a="`, 'b'],
    ['leading zeros of a chunk size', chunked, '0'],
    ['trailers', `${chunked}2\r\n{}\r\n0\r\n`, 'a: b\r\n'],
  ])('%s end the connection before its own timeout, after little was read', async (_name, begin, endless) => {
    const flood = flooder(begin, endless);
    const server = await speak(flood.pour);
    const http = transport({ [server.host]: { ...onLoopback, timeout: 30_000 } });
    const began = performance.now();
    expect(await ask(http, requestTo(server.host))).toMatchObject({ stage: 'manifest' });
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(flood.taken()).toBeLessThan(64 * mebibyte);
  });

  test('over TLS as well', async () => {
    const { ca, ...pair } = await makeRegistryCertificate();
    const flood = flooder('', 'HTTP/1.1 102 Processing\r\n\r\n');
    const server = createServer(pair, flood.pour);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const host = `127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`;
    const http = transport({ [host]: { allowPrivateAddress: true, ca, timeout: 30_000 } });
    const began = performance.now();
    expect(await ask(http, requestTo(host))).toMatchObject({
      kind: 'unreachable',
      why: expect.stringContaining('no answer') as string,
    });
    expect(performance.now() - began).toBeLessThan(15_000);
    await http.close();
    server.close();
  });

  test('five of them in a row, and the host is not asked for a while', async () => {
    const flood = flooder('', '\r\n');
    const server = await speak(flood.pour);
    const http = transport({ [server.host]: { ...onLoopback, timeout: 30_000 } });
    for (let time = 0; time < 5; time++) await ask(http, requestTo(server.host));
    expect(await ask(http, requestTo(server.host))).toMatchObject({
      why: expect.stringContaining('not asked') as string,
    });
  });
});

/** How often the HTTP library makes an error, with its stack, about headers that are too many while `work` goes on. */
const overflowErrors = async (work: () => Promise<void>): Promise<number> => {
  const { HeadersOverflowError } = errors;
  const base = Object.getPrototypeOf(HeadersOverflowError) as typeof errors.UndiciError;
  let count = 0;
  class CountedError extends base {
    constructor(message?: string) {
      super(message);
      count += 1;
    }
  }
  Object.setPrototypeOf(HeadersOverflowError, CountedError);
  await work().finally(() => Object.setPrototypeOf(HeadersOverflowError, base));
  return count;
};

test.each([
  ['trailers', `${chunked}2\r\n{}\r\n0\r\n`],
  ['headers', 'HTTP/1.1 200 OK\r\n'],
])(
  'B9: 60 KB of %s that are nearly empty cost no more errors than 4 KiB of them',
  async (_name, beginning) => {
    const server = await speak((socket) => {
      socket.once('data', () => socket.write(`${beginning}${'a: b\r\n'.repeat(10_000)}`));
    });
    const http = transport({ [server.host]: onLoopback });
    const made = await overflowErrors(async () => {
      expect(await ask(http, requestTo(server.host))).toMatchObject({ kind: 'invalid' });
    });
    expect(made).toBeGreaterThan(0);
    // The library reads 4 KiB in one go, where a header has 6 bytes and may make two errors: one at its name, one at its value.
    expect(made).toBeLessThanOrEqual((2 * 4096) / 6);
  },
);

test('a body as large as its limit comes through, in chunks of 64 bytes and over a connection that was used', async () => {
  const size = 4 * mebibyte;
  const server = await serve(({ response }) => {
    for (let at = 0; at < size; at += 64) response.write('x'.repeat(64));
    response.end();
  });
  const http = transport({ [server.host]: onLoopback });
  for (let time = 0; time < 2; time++) {
    const answer = await ask(http, requestTo(server.host), size);
    expect('text' in answer ? answer.text.length : answer).toBe(size);
  }
});
