import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { imagegate, root } from './cli/imagegate.ts';
import { read } from './markdown.ts';

const page = read('docs/gatekeeper.md');

/** Each command of the page with what the page says that it prints. */
const shown = [...page.matchAll(/```sh\n(imagegate [^\n]+)\n```\n\n```text\n([^]*?)```/g)].map(
  ([, command = '', output = '']) => ({ command, output }),
);

describe('the commands of docs/gatekeeper.md', () => {
  test('there are three with their output', () => {
    expect(shown).toHaveLength(3);
  });

  test.each(shown)('$command', async ({ command, output }) => {
    const [, ...args] = command.split(' ');
    expect((await imagegate(args, { cwd: root })).stdout).toBe(output);
  });

  test('the CRD of the constraints is printed', async () => {
    const [, command = ''] = /```sh\n(imagegate [^\n]+ --crd [^\n]+)\n```/.exec(page) ?? [];
    const { code, stdout } = await imagegate(command.split(' ').slice(1), { cwd: root });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^apiVersion: apiextensions.k8s.io\/v1\nkind: CustomResourceDefinition\n/);
  });
});

test('the page names every builtin that is never run', async () => {
  const { builtinSignatures, isExcluded } = await import('../src/languages/rego/builtins/signatures.ts');
  const named = [...page.matchAll(/`([a-z_0-9]+(?:\.[a-z_0-9*]+)*)`/g)].map(([, name = '']) => name);
  const isNamed = (builtin: string): boolean =>
    named.some((name) => name === builtin || (name.endsWith('.*') && builtin.startsWith(name.slice(0, -1))));
  expect([...builtinSignatures.keys()].filter(isExcluded).filter((name) => !isNamed(name))).toEqual([]);
});

describe('docs/gatekeeper-migration.md', () => {
  const migration = read('docs/gatekeeper-migration.md');
  const modes = [...migration.matchAll(/^ *(imagegate manifests [^|\n]+) \|/gm)].map(
    ([, command = '']) => command,
  );

  test('prints manifests for two of the modes', () => {
    expect(modes.map((command) => / --constraints (\w+)/.exec(command)?.[1])).toEqual(['shadow', 'enforce']);
  });

  test.each(modes)('%s', async (command) => {
    const data = await mkdtemp(join(tmpdir(), 'imagegate-migration-'));
    try {
      const args = [...command.split(' ').slice(1), '--data', data];
      const { code, stdout } = await imagegate(args, { cwd: root });
      expect(code).toBe(0);
      expect(stdout.includes('constrainttemplates')).toBe(true);
      // Only the gate that owns the kinds of constraints may make them.
      expect(/customresourcedefinitions\n +verbs:\n( +- \w+\n)* +- create\n/.test(stdout)).toBe(
        command.includes('--constraint-crds'),
      );
    } finally {
      await rm(data, { recursive: true });
    }
  });
});
