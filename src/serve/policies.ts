import { createPolicyFiles } from '../adapters/policy-files/policy-files.ts';
import type { Config } from '../config/resolved.ts';
import { compilePolicySet } from '../core/policy-set/compile.ts';
import { formatProblem, type PolicyFileProblem } from '../core/policy/load/document.ts';
import type { CompileExpression } from '../core/policy/schema/schema.ts';
import type { PolicySet } from '../core/policy-set/policy-set.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { trustRootsOf, type TrustRoots, type TrustRootSnapshot } from '../evidence/trust/trust-root.ts';
import { noConstraints, type ConstraintSource } from '../gate/constraints.ts';
import type { PolicySource, PolicyState } from '../gate/ports.ts';
import type { PartState } from '../gate/readiness.ts';
import { createReadConstraints } from './constraint-files.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Telemetry } from './telemetry.ts';
import { reportTrustRootAges, shippedRootNames, shippedRoots } from './trust-roots.ts';

/** Policies in force, and their state in `/readyz`. */
export interface Policies {
  readonly source: PolicySource;
  readonly part: () => PartState;
}

/** Policies of files, with what stands beside them. */
interface FilePolicies extends Policies {
  readonly trustRoots: TrustRoots;
  readonly constraints: ConstraintSource;
}

export const describeSet = (set: PolicySet): string => `${set.policies.length} in force, ${set.version}`;

export const reportSet = (set: PolicySet, { log, metrics }: Telemetry, message: string): void => {
  metrics.set('policies', set.policies.length);
  metrics.set('brokenPolicies', set.broken.length);
  log.info(message, { policies: set.policies.length, broken: set.broken.length, version: set.version });
};

/** Policies from files with their trust roots: broken or empty at the start ends the start, later the last good set stays (R8). */
export const openPolicyFiles = async (
  config: Config,
  compileExpression: CompileExpression,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): Promise<Result<FilePolicies, readonly string[]>> => {
  const { log, metrics } = telemetry;
  let problem: string | undefined;
  const remark = (remarks: readonly PolicyFileProblem[]): void => {
    for (const one of remarks) log.warn('not all is known of a constraint', { remark: formatProblem(one) });
  };
  const files = createPolicyFiles<PolicySet>({
    paths: config.policies.value,
    shippedRoots: shippedRootNames,
    compileExpression,
    readConstraints: createReadConstraints(),
    build: compilePolicySet,
    onChange: (loaded) => {
      // All at once: no review sees a policy of one set and a root of another.
      current = { state: 'loaded', set: loaded.value };
      inForce = [...shippedRoots, ...loaded.trustRoots];
      constraints = loaded.constraints ?? noConstraints;
      problem = undefined;
      metrics.count('reloads', { outcome: 'accepted' });
      reportSet(loaded.value, telemetry, 'policies reloaded');
      remark(loaded.constraintRemarks);
    },
    onProblem: (problems) => {
      problem = problems.map(formatProblem).join('; ');
      metrics.count('reloads', { outcome: 'refused' });
      log.error('policies changed but cannot be used; the last good set stays in force', {
        problems: problems.map(formatProblem),
      });
    },
  });
  const loaded = await files.load();
  if (!loaded.ok) return fail(loaded.error.map(formatProblem));
  let current: PolicyState = { state: 'loaded', set: loaded.value.value };
  let constraints = loaded.value.constraints ?? noConstraints;
  let inForce: readonly TrustRootSnapshot[] = [...shippedRoots, ...loaded.value.trustRoots];
  reportTrustRootAges(() => inForce, telemetry);
  reportSet(loaded.value.value, telemetry, 'policies loaded');
  remark(loaded.value.constraintRemarks);
  files.watch();
  lifecycle.add(() => files.close());
  return ok({
    source: { current: () => current },
    trustRoots: trustRootsOf(() => inForce),
    constraints: { current: () => ({ state: 'loaded', set: constraints }) },
    part: () => ({
      part: 'policies',
      state: problem === undefined ? 'ok' : 'trouble',
      detail: problem ?? (current.state === 'loaded' ? describeSet(current.set) : ''),
    }),
  });
};
