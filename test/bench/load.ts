/**
 * One load generator in a process of its own: keep-alive HTTP/1.1 over TLS on a fixed number of connections.
 * Arguments: one JSON object (LoadPlan). Prints one JSON object (LoadResult). Talks to loopback only and ends by itself.
 */
import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import { podDigits, podPrefix } from './review-body.ts';

export interface LoadPlan {
  readonly port: number;
  readonly path: string;
  readonly bodiesFile: string;
  readonly connections: number;
  /** Stop after this many requests or seconds, whichever comes first. */
  readonly requests: number;
  readonly seconds: number;
  /** Requests a second in all, evenly spaced; 0: as fast as the answers come. */
  readonly rate: number;
}
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly denied: number;
  readonly errors: number;
}

const podNumber = new RegExp(`${podPrefix}[0-9a-z]{${podDigits}}`, 'g');

const plan = JSON.parse(process.argv[2] ?? '{}') as LoadPlan;
const bodies = readFileSync(plan.bodiesFile, 'utf8').split('\n').filter(Boolean);
/** A request, and where the number of its Pod stands in it. */
const frames = bodies.map((body) => {
  const bytes = Buffer.from(
    `POST ${plan.path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const places = [...bytes.toString('latin1').matchAll(podNumber)].map(
    ({ index }) => index + podPrefix.length,
  );
  return { bytes, places };
});
const latencies = new Float64Array(plan.requests);
let sent = 0;
let done = 0;
let denied = 0;
let errors = 0;
const started = performance.now();
/** When the first request went out. */
let begun = started;
const interval = plan.rate > 0 ? 1000 / plan.rate : 0;
const over = (): boolean => sent >= plan.requests || performance.now() - started > plan.seconds * 1000;
const idle: Lane[] = [];

interface Lane {
  readonly socket: TLSSocket;
  at: number;
  /** For an answer. */
  waits: boolean;
  buffer: string;
}

const send = (lane: Lane, due: number): void => {
  const frame = frames[sent % frames.length];
  // A Pod of its own each time: equal decisions would be one entry of the record.
  const number = sent.toString(36).padStart(podDigits, '0');
  if (sent === 0) begun = performance.now();
  sent++;
  lane.at = due;
  lane.waits = true;
  if (frame === undefined) return;
  for (const place of frame.places) frame.bytes.write(number, place, 'latin1');
  lane.socket.write(frame.bytes);
};

/** Length of a complete answer at the start of the text, or 0. */
const complete = (text: string): number => {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return 0;
  const length = /content-length: (\d+)/i.exec(text.slice(0, end));
  if (length === null) return 0;
  const total = end + 4 + Number(length[1]);
  return text.length >= total ? total : 0;
};

const answered = (lane: Lane, text: string): void => {
  lane.waits = false;
  latencies[done++] = performance.now() - lane.at;
  if (!text.startsWith('HTTP/1.1 200')) errors++;
  else if (!text.includes('"allowed":true')) denied++;
  if (plan.rate > 0) idle.push(lane);
  else if (!over()) send(lane, performance.now());
};

const open = (): Promise<Lane> =>
  new Promise((resolve, reject) => {
    const socket = connect({
      port: plan.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    });
    const lane: Lane = { socket, at: 0, waits: false, buffer: '' };
    socket.setEncoding('latin1').setNoDelay(true);
    socket.once('secureConnect', () => resolve(lane));
    socket.on('error', (error) => (done === 0 ? reject(error) : errors++));
    // A server that ends connections has not answered: the figure must show it, and the load must not wait for it.
    socket.on('close', () => (lane.waits ? errors++ : undefined));
    socket.on('data', (chunk: string) => {
      lane.buffer += chunk;
      const length = complete(lane.buffer);
      if (length === 0) return;
      const text = lane.buffer;
      lane.buffer = lane.buffer.slice(length);
      answered(lane, text);
    });
  });

/** The gate takes a number of unfinished connections from one address, and ends the oldest of more (R27). */
const handshakesAtOnce = 64;
const lanes: Lane[] = [];
let dialed = 0;
const dial = async (): Promise<void> => {
  while (dialed < plan.connections) {
    dialed++;
    const lane = await open();
    lanes.push(lane);
    // At once: the gate closes a connection that brings no request within a second, and a thousand take longer to open.
    if (plan.rate === 0 && !over()) send(lane, performance.now());
  }
};
await Promise.all(Array.from({ length: handshakesAtOnce }, dial));
if (plan.rate > 0) idle.push(...lanes);
/** Nothing more is sent, and no more answers are waited for. */
const isDone = (): boolean =>
  over() && (done + errors >= sent || performance.now() - started > (plan.seconds + 10) * 1000);

await new Promise<void>((resolve) => {
  let next = performance.now();
  const tick = (): void => {
    // Open loop: latency counts from when a request was due, so that a slow server cannot hide behind its clients.
    while (plan.rate > 0 && next <= performance.now() && idle.length > 0 && !over()) {
      // In turn: the gate closes a connection that brings no request within a second.
      const lane = idle.shift();
      if (lane !== undefined) send(lane, next);
      next += interval;
    }
    if (isDone()) resolve();
    else if (plan.rate === 0) setTimeout(tick, 20);
    // Who waits for nothing soon leaves the core to the registry, which shares it on a machine of two.
    else if (idle.length > 0 && next - performance.now() < 1.5) setImmediate(tick);
    else setTimeout(tick, 1);
  };
  tick();
});
const seconds = (performance.now() - begun) / 1000;
for (const lane of lanes) lane.socket.destroy();
const sorted = latencies.subarray(0, done).sort();
const quantile = (q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
const result: LoadResult = {
  requests: done,
  seconds,
  rate: done / seconds,
  p50: quantile(0.5),
  p99: quantile(0.99),
  max: quantile(1),
  denied,
  errors,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
