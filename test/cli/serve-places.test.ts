import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { createReviewOf } from './admission-review.ts';
import { pod, policyFolder, trusted } from './policies.ts';
import { startGate, type RunningGate } from './running-gate.ts';

const pods = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
let gate: RunningGate | undefined;
const held = new Set<Socket>();
let flooding: NodeJS.Timeout | undefined;
afterEach(async () => {
  clearInterval(flooding);
  for (const socket of held) socket.destroy();
  await gate?.stop('SIGKILL');
});

/** A flood that takes the whole machine from the gate would test the machine. */
const maxAtOnce = 200;

/** Keeps up to `count` unfinished connections open, whatever is done to them. */
const flood = (url: string, count: number, text: string): void => {
  const { hostname, port } = new URL(url);
  let next = 0;
  const fill = (): void => {
    for (let opened = 0; held.size < count && opened < maxAtOnce; opened++) {
      const localAddress = pods[next++ % pods.length] ?? '';
      const socket = connect({ host: hostname, port: Number(port), localAddress });
      held.add(socket);
      socket.on('error', () => {}).resume();
      socket.on('close', () => held.delete(socket));
      socket.write(text);
    }
  };
  fill();
  flooding = setInterval(fill, 100);
};

/**
 * As the kubelet asks: a new connection each time. It gives two seconds; on a machine that does other work too everything
 * takes longer, and a probe that finds no place is answered by nobody for as long as the flood lasts.
 */
const probe = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const sent = request(url, { agent: new Agent(), timeout: 10_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(false));
    sent.end();
  });

test.each([
  ['the admin port', 'admin', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: '],
  ['the admin port that ask for metrics', 'admin', 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['the webhook port', 'url', ''],
] as const)(
  'R27, B50: beside 600 connections to %s no two probes in a row are missed, and reviews are answered',
  async (_title, port, text) => {
    gate = await startGate(policyFolder());
    flood(gate[port], 600, text);
    await sleep(500);
    let row = 0;
    let most = 0;
    for (let at = 0; at < 30; at++) {
      const answered = (await probe(`${gate.admin}/healthz`)) && (await probe(`${gate.admin}/readyz`));
      row = answered ? 0 : row + 1;
      most = Math.max(most, row);
      expect(
        (await gate.post(createReviewOf({ ...pod('good', trusted) }, `uid-${at}`))).response.allowed,
      ).toBe(true);
      await sleep(50);
    }
    expect(most).toBeLessThan(2);
  },
  900_000,
);
