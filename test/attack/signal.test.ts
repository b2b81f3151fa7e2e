import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { folderWith, start } from '../cli/imagegate.ts';

const policy = `apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata: { name: fence }
spec: { checks: [{ digest: { require: true } }] }
`;
const listen = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];

test('a pipe in the place of the CA ends the start with a sentence, it is not waited for', async () => {
  const folder = folderWith({ 'policy.yaml': policy });
  mkdirSync(join(folder, 'data', 'tls'), { recursive: true });
  execFileSync('mkfifo', [join(folder, 'data', 'tls', 'ca.crt')]);
  const gate = start(
    ['serve', '--policies', join(folder, 'policy.yaml'), ...listen, '--data', join(folder, 'data')],
    { bound: 10_000 },
  );
  expect((await gate.ended).code).toBe(2);
  expect(gate.stderr()).toContain('ca.crt is no file');
});

test('SIGTERM ends a gate whose start waits for the API server, and does not wait for it', async () => {
  const hole = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(hole, 'listening');
  const { port } = hole.address() as { port: number };
  const folder = folderWith();
  writeFileSync(
    join(folder, 'kubeconfig'),
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'a', cluster: { server: `https://127.0.0.1:${port}` } }],
      users: [{ name: 'a', user: { token: 't' } }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      'current-context': 'a',
    }),
  );
  const gate = start(
    [
      'serve',
      '--cluster',
      '--namespace',
      'imagegate-system',
      '--kubeconfig',
      join(folder, 'kubeconfig'),
      ...listen,
      '--data',
      join(folder, 'data'),
    ],
    { bound: 60_000 },
  );
  await sleep(1_500);
  const reported = performance.now();
  gate.child.kill('SIGTERM');
  await gate.ended;
  hole.close();
  // The API server never answers, and is given 15 s.
  expect(performance.now() - reported).toBeLessThan(10_000);
});
