import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually, folderWith, start } from '../cli/imagegate.ts';

const policy = `apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata: { name: fence }
spec: { checks: [{ digest: { require: true } }] }
`;

/** 62 bytes: the text of a key that is a map of maps doubles with every level. */
test('no policy file ends a running gate: the last good set stays (R8)', async () => {
  const folder = folderWith({ 'policies/a.yaml': policy });
  const gate = start(
    [
      'serve',
      '--policies',
      join(folder, 'policies'),
      '--listen',
      '127.0.0.1:0',
      '--admin',
      '127.0.0.1:0',
      '--data',
      join(folder, 'data'),
    ],
    { bound: 60_000 },
  );
  const admin = await eventually('ready', () => /admin (http:\S+)/.exec(gate.stdout())?.[1]);
  writeFileSync(join(folder, 'policies', 'b.yaml'), `${'? '.repeat(30)}a\n`);
  await sleep(1_000);
  const healthy = await fetch(`${admin}/readyz`).then(
    ({ status }) => status,
    () => 0,
  );
  gate.child.kill('SIGTERM');
  const { code } = await gate.ended;
  expect(healthy).toBe(200);
  expect(code).toBe(0);
}, 90_000);
