import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith, imagegate } from '../cli/imagegate.ts';

const policy = (match = '{}'): string => `apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata: { name: fence }
spec:
  match: ${match}
  checks: [{ registries: { allow: ['registry.example.com/**'] } }]
`;
const podOf = (image: string): string => `apiVersion: v1
kind: Pod
metadata: { name: p }
spec: { containers: [{ name: a, image: ${image} }] }
`;
const good = podOf('registry.example.com/x');
const check = (folder: string, ...more: string[]) =>
  imagegate(['check', 'manifest', '--policies', join(folder, 'policy.yaml'), ...more], { bound: 8_000 });

test.each<[string, (file: string) => void]>([
  ['a pipe that nobody writes to', (file) => void execFileSync('mkfifo', [file])],
  ['a link to a device without an end', (file) => symlinkSync('/dev/zero', file)],
])('%s in a folder of manifests does not hang the check', async (_title, plant) => {
  const folder = folderWith({ 'policy.yaml': policy(), 'm/a.yaml': good });
  plant(join(folder, 'm', 'b.yaml'));
  expect((await check(folder, '-f', join(folder, 'm'))).code).toBe(2);
});

test('a file name of any length has its place in SARIF', async () => {
  const name = `${'y'.repeat(60)}\u{1f600}.yaml`;
  const levels: string[] = [];
  for (let at = 0; at < 60; at++) {
    const folder = `m${'x'.repeat(at)}/${Array(6).fill('d'.repeat(68)).join('/')}`;
    levels.push(join(folder, name));
  }
  const root = folderWith({
    'policy.yaml': policy(),
    ...Object.fromEntries(levels.map((path) => [path, podOf('evil.io/x')])),
  });
  const { code, stdout, stderr } = await imagegate(
    ['check', 'manifest', '-f', '.', '--policies', join(root, 'policy.yaml'), '-o', 'sarif'],
    { cwd: root },
  );
  expect(stderr).not.toContain('defect');
  expect(code).not.toBe(0);
  expect(stdout === '' || stdout.startsWith('{')).toBe(true);
});

/** At the webhook such an object has no namespace; a policy that excludes `default` covers it there. */
test('a cluster-scoped workload is judged as the webhook judges it, in no namespace', async () => {
  const folder = folderWith({
    'policy.yaml': policy('{ namespaces: { exclude: [default] } }'),
    'a.yaml': `apiVersion: apps.kruise.io/v1alpha1
kind: SidecarSet
metadata: { name: s }
spec: { containers: [{ name: a, image: evil.io/x }] }
`,
  });
  expect((await check(folder, '-f', join(folder, 'a.yaml'))).code).toBe(1);
});

test('a key of --namespace-labels reaches the terminal escaped', async () => {
  const folder = folderWith({
    'policy.yaml': policy(),
    'a.yaml': good,
    'labels.yaml': '"x\\e[31m\\e]0;title\\a": 5\n',
  });
  const { code, stderr } = await check(
    folder,
    '-f',
    join(folder, 'a.yaml'),
    '--namespace-labels',
    join(folder, 'labels.yaml'),
  );
  expect(code).toBe(2);
  expect(stderr).not.toContain('\u001b');
});
