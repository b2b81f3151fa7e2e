import { connect, type ClientHttp2Session } from 'node:http2';
import { afterAll, expect, test } from 'vitest';
import { createCa, issueLeaf } from '../../src/adapters/certificate/issue.ts';
import { startGate } from '../fakes/webhook-server.ts';

const sessions: ClientHttp2Session[] = [];
afterAll(() => {
  for (const session of sessions) session.destroy();
});

/** One stream without a body cost 8 KB of memory until its deadline: 512 connections filled 1 GiB. */
test('open requests without a body are bounded over all connections, not only over each', async () => {
  const clock = { now: () => Date.now() };
  const ca = await createCa(clock);
  const { server } = await startGate({ certificate: await issueLeaf(ca, ['127.0.0.1'], clock) });
  let answered = 0;
  for (let at = 0; at < 40; at++) {
    const session = connect(server.url, { rejectUnauthorized: false });
    session.on('error', () => undefined);
    await new Promise((resolve) => session.once('connect', resolve));
    sessions.push(session);
    for (let each = 0; each < 256; each++) {
      const stream = session.request({ ':method': 'POST', ':path': '/validate?timeout=30s' });
      stream.on('error', () => answered++).on('response', () => answered++);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(answered).toBeGreaterThan(0);
  for (const session of sessions) session.destroy();
  await server.drain(0);
});
