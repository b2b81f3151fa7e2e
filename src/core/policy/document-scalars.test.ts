import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readManifestObjects } from '../workload/manifest.ts';
import { formatProblem } from './load/document.ts';
import { readPolicyFile } from '../trust-root/policy-file.ts';
import { readPolicy } from './schema/schema.ts';
import { anyExpression } from '../../../test/fakes/policy-set.ts';

const captured = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/workloads/yaml-scalars.json', import.meta.url), 'utf8'),
) as readonly (readonly [string, unknown])[];

const policy = (labels: string): string => `apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata: { name: a }
spec:
  checks: [{ digest: { require: yes } }]
  match:
    namespaceSelector:
      matchLabels: ${labels}
`;

const fromFile = (text: string): unknown => {
  const read = readPolicyFile(text, 'a.yaml', anyExpression);
  return read.ok
    ? read.value.policies.map((document) => document.policy)
    : read.error.map(({ message }) => message);
};
/** What `kubectl apply` would send, read as the gate reads it from the cluster. */
const fromCluster = (text: string): unknown => {
  const manifest = readManifestObjects(text, 'a.yaml');
  if (!manifest.ok) return [manifest.error.why];
  const read = readPolicy(manifest.value.objects[0]?.object, anyExpression);
  return read.ok ? [read.value] : read.error.map(({ message }) => message);
};
const problems = (text: string): readonly string[] => {
  const read = readPolicyFile(text, 'a.yaml', anyExpression);
  return read.ok ? [] : read.error.map(formatProblem);
};

describe('a policy means the same in a file and in the cluster', () => {
  test('yes is true', () => {
    expect(fromFile(policy('{}'))).toMatchObject([{ spec: { checks: [{ digest: { require: true } }] } }]);
  });

  test.each(captured.map(([text]) => [text]))('%s, as a value and as a key', (text) => {
    const value = policy(`\n        env: ${text}`);
    expect(fromFile(value)).toEqual(fromCluster(value));
    const key = value.replace(`env: ${text}`, `${text}: text`);
    // A merge is refused in a policy file: its fields would have no place of their own.
    if (text !== '<<') expect(fromFile(key)).toEqual(fromCluster(key));
  });

  test.each([
    ['"yes"'],
    ["'1'"],
    ['!!str yes'],
    ['! 12'],
    ['!!bool "yes"'],
    ['!!int 3'],
    ['!!int x'],
    ['.inf'],
    ['|\n          yes'],
  ])('%s', (text) => {
    const value = policy(`\n        env: ${text}`);
    expect(fromFile(value)).toEqual(fromCluster(value));
  });

  test('a place is found beside scalars and keys of every kind', () => {
    expect(problems(policy('{ yes: "a", env: on }'))).toEqual([
      'a.yaml:8:32: expected text, found a boolean: put it in quotes',
    ]);
    expect(problems(policy('{ ~: "a" }'))).toEqual(['a.yaml:8:22: a key must not be null']);
    expect(problems(policy('{ on: "a", yes: "b" }'))).toEqual([
      'a.yaml:8:31: field "true" is written twice, first on line 8',
    ]);
  });
});

describe('nesting', () => {
  const indented = (levels: number, mark: string): string =>
    Array.from({ length: levels }, (_, level) => `${' '.repeat(level)}${mark}\n`).join('');

  test.each([
    ['maps', 'a:', 210],
    ['maps without end', 'a:', 1400],
    ['lists', '-', 1400],
    ['keys', '?', 210],
    ['keys without end', '?', 1400],
  ])('%s that are nested too deeply are refused in words', (_title, mark, levels) => {
    const said = problems(indented(levels, mark));
    expect(said.length).toBeGreaterThan(0);
    for (const line of said) expect(line).not.toMatch(/call stack|string length/);
    if (mark !== '?') expect(said.join()).toMatch(/nested (deeper than 200 levels|too deeply to be read)/);
  });
});
