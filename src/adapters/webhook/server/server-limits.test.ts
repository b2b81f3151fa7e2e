import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../../../test/e2e/harness/certificates.ts';
import {
  decisionOf,
  fixture,
  http1,
  http2,
  http2Session,
  reviewAnswer,
  startGate,
  type TestGate,
} from '../../../../test/fakes/webhook-server.ts';

const review = fixture('kubectl-run.json');
const kibibyte = 1024;

let ca: string;
let certificate: { cert: string; key: string };
const gates: TestGate[] = [];
const start = async (...args: Parameters<typeof startGate>): Promise<TestGate> => {
  const gate = await startGate(...args);
  gates.push(gate);
  return gate;
};

beforeAll(async () => {
  const authority = await createAuthority('test');
  const issued = await authority.issueServer('gate', ['127.0.0.1']);
  ca = authority.certificate;
  certificate = { cert: issued.certificate, key: issued.key };
});
afterEach(async () => {
  await Promise.all(gates.splice(0).map((gate) => gate.server.drain(50)));
});

const open = async (gate: TestGate): Promise<TLSSocket> => {
  const socket = connect({ ...gate.server.address, ca, ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
};
/** Everything that comes until the server closes the connection. */
const readAll = async (socket: TLSSocket): Promise<string> => {
  let text = '';
  socket.on('data', (piece: Buffer) => (text += piece.toString('latin1')));
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return text;
};
const head = (more: string, path = '/validate'): string =>
  `POST ${path} HTTP/1.1\r\nHost: gate\r\n${more}\r\n`;
const bodyOf = (reply: string): string => reply.slice(reply.indexOf('\r\n\r\n') + 4);

describe('a slow body', () => {
  test('of a review whose uid arrived is denied at its deadline', async () => {
    const gate = await start({ certificate });
    const socket = await open(gate);
    socket.write(head('Content-Length: 5000\r\n', '/validate?timeout=300ms') + review.slice(0, 400));
    const reply = await readAll(socket);
    expect(reply).toMatch(/^HTTP\/1\.1 200 /);
    expect(reviewAnswer(bodyOf(reply)).response).toMatchObject({
      uid: '9a4b7d52-91f3-4f0c-8d7e-2f8e6b1c4a03',
      allowed: false,
    });
    expect(gate.refused[0]).toMatchObject({ code: 'deadline-exceeded' });
    expect(gate.server.bytesInFlight()).toBe(0);
  });

  test('that drips cannot live longer than its deadline', async () => {
    const gate = await start({ certificate });
    const socket = await open(gate);
    socket.write(head('Transfer-Encoding: chunked\r\n', '/validate?timeout=400ms'));
    const drip = setInterval(() => socket.write('1\r\n{\r\n'), 20);
    const started = performance.now();
    const reply = await readAll(socket);
    clearInterval(drip);
    // A gate that let it drip would read for the ten seconds of other reviews.
    expect(performance.now() - started).toBeLessThan(8_000);
    expect(reply).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('over HTTP/2 is answered and its stream closed', async () => {
    const gate = await start({ certificate });
    const session = http2Session(gate, { ca });
    const stream = session.request(
      { ':method': 'POST', ':path': '/validate?timeout=300ms' },
      { endStream: false },
    );
    stream.write(review.slice(0, 400));
    let text = '';
    stream.on('data', (piece: Buffer) => (text += piece.toString()));
    stream.on('error', () => {});
    await once(stream, 'close');
    session.destroy();
    expect(reviewAnswer(text).response.allowed).toBe(false);
  });
});

describe('the cap of a body', () => {
  test('is enforced by counting when no length is announced', async () => {
    const gate = await start({ certificate });
    const socket = await open(gate);
    socket.write(head('Transfer-Encoding: chunked\r\n'));
    const piece = Buffer.alloc(64 * kibibyte, ' ');
    const chunk = Buffer.concat([
      Buffer.from(`${piece.length.toString(16)}\r\n`),
      piece,
      Buffer.from('\r\n'),
    ]);
    const sending = setInterval(() => {
      for (let at = 0; at < 16; at++) socket.write(chunk);
    }, 1);
    const reply = await readAll(socket);
    clearInterval(sending);
    expect(reply).toMatch(/^HTTP\/1\.1 413 /);
    expect(gate.server.bytesInFlight()).toBe(0);
  });

  test('is enforced before anything is read when the length is announced', async () => {
    const gate = await start({ certificate });
    const socket = await open(gate);
    socket.write(head(`Content-Length: ${String(9 * kibibyte * kibibyte)}\r\n`));
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 413 /);
  });

  test.each(['-1', '1e3', '0x10', '99999999999999999999999', 'abc'])(
    'a length of %s is refused by the parser',
    async (length) => {
      const gate = await start({ certificate });
      const socket = await open(gate);
      socket.write(head(`Content-Length: ${length}\r\n`) + review);
      expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  test('two lengths, or a length beside chunks, are refused: no request can hide behind another', async () => {
    for (const more of [
      `Content-Length: 1\r\nContent-Length: ${String(review.length)}\r\n`,
      `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`,
    ]) {
      const gate = await start({ certificate });
      const socket = await open(gate);
      socket.write(head(more) + review);
      expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 400 /);
      expect(gate.answered).toEqual([]);
    }
  });

  test('one byte a piece costs no more memory than the body (B9)', async () => {
    const gate = await start({ certificate });
    const socket = await open(gate);
    const before = process.memoryUsage().arrayBuffers;
    const count = 200_000;
    const pieces = Buffer.from('1\r\n \r\n'.repeat(count));
    let highest = 0;
    const watch = setInterval(
      () => (highest = Math.max(highest, process.memoryUsage().arrayBuffers - before)),
      5,
    );
    socket.write(head('Transfer-Encoding: chunked\r\nConnection: close\r\n'));
    socket.write(pieces);
    socket.write(`${review.length.toString(16)}\r\n${review}\r\n0\r\n\r\n`);
    const reply = await readAll(socket);
    clearInterval(watch);
    expect(reply).toMatch(/^HTTP\/1\.1 200 /);
    expect(highest).toBeLessThan(30 * kibibyte * kibibyte);
  });
});

describe('R19: bodies in flight', () => {
  // Room for two bodies of 60,000 announced bytes: memory that is held counts, not only what arrived.
  const bodies = { maxBodyBytes: 64 * kibibyte, maxBytesInFlight: 128 * kibibyte };
  const large = `${review.slice(0, -1)}${' '.repeat(40 * kibibyte)}`;

  test('over the limit are refused at once, with a verdict, and capacity comes back', async () => {
    const gate = await start({ certificate, limits: { bodies } });
    const holders = await Promise.all([open(gate), open(gate)]);
    for (const socket of holders) socket.write(head(`Content-Length: 60000\r\n`) + large);
    while (gate.server.bytesInFlight() < 80 * kibibyte) await sleep(5);
    const started = performance.now();
    const refused = await http1(gate, { ca })({ body: `${large}}` });
    // Nobody waits for room: a review has ten seconds.
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(refused.status).toBe(200);
    expect(reviewAnswer(refused.text).response.status?.message).toContain('overloaded');
    for (const socket of holders) socket.destroy();
    while (gate.server.bytesInFlight() > 0) await sleep(5);
    const allowed = await http1(gate, { ca })({ body: `${large}}` });
    expect(reviewAnswer(allowed.text).response.allowed).toBe(true);
  });

  test('count until they are answered, and announced lengths reserve nothing', async () => {
    let finish: (() => void) | undefined;
    const waiting = new Promise<void>((resolve) => (finish = resolve));
    const gate = await start(
      { certificate, limits: { bodies } },
      { validate: async () => (await waiting, decisionOf()) },
    );
    const holders = await Promise.all([open(gate), open(gate), open(gate)]);
    for (const socket of holders) socket.write(head(`Content-Length: 60000\r\n`));
    const answers = [http1(gate, { ca })({ body: `${large}}` }), http2(gate, { ca })({ body: `${large}}` })];
    while (gate.server.bytesInFlight() < 80 * kibibyte) await sleep(5);
    finish?.();
    for (const answer of await Promise.all(answers))
      expect(reviewAnswer(answer.text).response.allowed).toBe(true);
    expect(gate.server.bytesInFlight()).toBe(0);
    for (const socket of holders) socket.destroy();
  });
});

describe('clients that misbehave', () => {
  test('leaving in the middle of a body, of headers or of a review crashes nothing and leaves nothing behind', async () => {
    const gate = await start({ certificate }, { validate: async () => (await sleep(20), decisionOf()) });
    for (const text of [
      head('Content-Length: 5000\r\n') + review,
      'POST /val',
      head(`Content-Length: ${String(review.length)}\r\n`) + review,
    ]) {
      const sockets = await Promise.all(Array.from({ length: 10 }, () => open(gate)));
      for (const socket of sockets) socket.write(text, () => socket.destroy());
    }
    const session = http2Session(gate, { ca });
    for (let at = 0; at < 20; at++) {
      const stream = session.request({ ':method': 'POST', ':path': '/validate' }, { endStream: false });
      stream.on('error', () => {});
      stream.write(review);
      if (at % 2 === 0) stream.end();
      setImmediate(() => stream.close(8));
    }
    await sleep(100);
    session.destroy();
    while (gate.server.connections() > 0) await sleep(5);
    // A review whose caller has left still ends by itself, and gives its bytes back then.
    while (gate.server.bytesInFlight() > 0) await sleep(5);
    expect((await http1(gate, { ca })({ body: review })).status).toBe(200);
  });

  test('a flood of headers is refused', async () => {
    const gate = await start({ certificate });
    const socket = await open(gate);
    socket.write(head(`X-Flood: ${'x'.repeat(20 * kibibyte)}\r\n`));
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 431 /);
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`x-${String(at)}`, 'x']));
    await expect(http2(gate, { ca })({ body: review, headers: many })).rejects.toThrow(/stream|session/i);
    expect(gate.answered).toEqual([]);
  });

  test('headers that never end, and connections that say nothing, are closed', async () => {
    const gate = await start({ certificate, limits: { headersTimeout: 300 } });
    const silent = await open(gate);
    const slow = await open(gate);
    slow.write('POST /validate HTTP/1.1\r\n');
    const drip = setInterval(() => slow.write('X-A: b\r\n'), 50);
    await Promise.all([readAll(silent), readAll(slow)]);
    clearInterval(drip);
    expect(gate.answered).toEqual([]);
  });

  test('a handshake that never ends is closed', async () => {
    const gate = await start({ certificate, limits: { handshakeTimeout: 200 } });
    const socket = connectTcp(gate.server.address);
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'close');
    expect(gate.problems[0]).toMatchObject({ kind: 'handshake' });
  });

  test('plain HTTP and rubbish on the TLS port are reported as failed handshakes', async () => {
    const gate = await start({ certificate });
    const socket = connectTcp(gate.server.address);
    socket.on('error', () => {});
    socket.write(head('Content-Length: 0\r\n'));
    socket.resume();
    await once(socket, 'close');
    expect(gate.problems[0]).toMatchObject({ kind: 'handshake' });
  });
});
