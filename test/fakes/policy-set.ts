import { compilePolicy } from '../../src/core/policy-set/compile.ts';
import type { BrokenPolicy } from '../../src/core/policy-set/compiled-policy.ts';
import { createPolicySet, type PolicySet } from '../../src/core/policy-set/policy-set.ts';
import { readPolicy, type CompileExpression } from '../../src/core/policy/schema/schema.ts';
import { ok } from '../../src/core/result.ts';

/** For tests that are about something else: no expression is looked at. */
export const anyExpression: CompileExpression = () => ok(undefined);

/** A policy from its spec; throws on a mistake in the test. */
export const policy = (name: string, spec: object) => {
  const object = { apiVersion: 'imagegate.dev/v1alpha1', kind: 'ImagePolicy', metadata: { name }, spec };
  const read = readPolicy(object, anyExpression);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
};

export const policySet = (
  specs: Readonly<Record<string, object>>,
  broken: readonly BrokenPolicy[] = [],
): PolicySet =>
  createPolicySet(
    'sha256:test',
    Object.entries(specs).map(([name, spec]) => {
      const compiled = compilePolicy(policy(name, spec));
      if (!compiled.ok) throw new Error(compiled.error);
      return compiled.value;
    }),
    broken,
  );
