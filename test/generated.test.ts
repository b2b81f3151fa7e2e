import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createPolicyFiles } from '../src/adapters/policy-files/policy-files.ts';
import { findingCodes, skipCodes } from '../src/core/reasons/reason.ts';
import { reasons } from '../src/core/reasons/reasons.ts';
import { formatProblem } from '../src/core/policy/load/document.ts';
import { readPolicyFile } from '../src/core/trust-root/policy-file.ts';
import { lintPolicies } from '../src/core/policy/lint/lint.ts';
import { policyFieldSchema } from '../src/core/policy/crd/field-schema.ts';
import { staleFiles } from '../scripts/generate.ts';
import { createExpressionEngine } from '../src/serve/expressions.ts';
import { shippedRootNames } from '../src/serve/trust-roots.ts';

const compileExpression = createExpressionEngine().compile;

const root = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('generated files', () => {
  test('are as their sources say: run `npm run generate` if not', async () => {
    expect(await staleFiles()).toEqual([]);
  });
  test('`generate --check` says so with its exit code', async () => {
    const run = promisify(execFile)(process.execPath, ['scripts/generate.ts', '--check'], { cwd: root });
    await expect(run).resolves.toMatchObject({ stdout: '', stderr: '' });
  });
});

describe('docs/reasons.md', () => {
  const codes = [...new Set<string>([...findingCodes, ...skipCodes])];
  test('has exactly one heading for each code, and no other code', () => {
    const headings = [...read('docs/reasons.md').matchAll(/^###? `([^`]+)`$/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(headings.toSorted()).toEqual(codes.toSorted());
  });
  test('says something about each', () => {
    expect(Object.keys(reasons).toSorted()).toEqual(codes.toSorted());
    const incomplete = Object.entries(reasons).filter(
      ([, { title, meaning, fix }]) =>
        !/^[A-Z][^.]*$/.test(title) || ![meaning, fix].every((text) => /^[A-Z].*[.]$/s.test(text)),
    );
    expect(incomplete.map(([code]) => code)).toEqual([]);
  });
});

describe('docs/policy.md', () => {
  const text = read('docs/policy.md');
  const examples = [...text.matchAll(/```yaml\n([^]*?)```/g)].map((match) => match[1] ?? '');
  test('has an example with each check, and each is a valid policy without a remark', () => {
    const checks = examples.flatMap((example) => {
      const policies = readPolicyFile(example, 'docs/policy.md', compileExpression);
      expect(policies.ok ? [] : policies.error.map(formatProblem)).toEqual([]);
      if (!policies.ok) return [];
      expect(
        lintPolicies(
          policies.value.policies.map(({ policy }) => policy),
          Date.now(),
        ),
      ).toEqual([]);
      return policies.value.policies.flatMap(({ policy }) =>
        policy.spec.checks.flatMap((check) => Object.keys(check)),
      );
    });
    const known = Object.keys(
      policyFieldSchema().properties?.['spec']?.properties?.['checks']?.items?.properties ?? {},
    );
    expect(known).toEqual(expect.arrayContaining(['digest', 'image', 'registries', 'tags']));
    expect([...new Set(checks)].toSorted()).toEqual(known.toSorted());
  });
  test('docs/policy-fields.md says what this version cannot run', () => {
    const fields = read('docs/policy-fields.md');
    for (const name of ['pod', 'notation', 'key.kms']) {
      expect(fields.slice(fields.indexOf('## What is not in this version'))).toContain(`\`${name}\``);
    }
  });
});

describe('examples/policies', () => {
  const sets = readdirSync(join(root, 'examples/policies'));
  test('there are some', () =>
    expect(sets).toEqual(expect.arrayContaining(['hardened', 'trusted-registries'])));
  test.each(sets)('%s loads and has no lint remark', async (set) => {
    const files = createPolicyFiles({
      compileExpression,
      shippedRoots: shippedRootNames,
      paths: [join(root, 'examples/policies', set)],
      build: (policies) => policies,
      onChange: () => undefined,
      onProblem: () => undefined,
    });
    const loaded = await files.load();
    expect(loaded.ok ? [] : loaded.error.map(formatProblem)).toEqual([]);
    expect(loaded.ok && lintPolicies(loaded.value.policies, Date.now())).toEqual([]);
  });
  test('all of them together are one valid set', async () => {
    const paths = sets.map((set) => join(root, 'examples/policies', set));
    const files = createPolicyFiles({
      compileExpression,
      shippedRoots: shippedRootNames,
      paths,
      build: () => undefined,
      onChange: () => undefined,
      onProblem: () => undefined,
    });
    expect((await files.load()).ok).toBe(true);
  });
});
