import { dataKinds } from '../custom/data-kinds.ts';
import { operationsKinds } from '../custom/operations-kinds.ts';
import { rolloutKinds } from '../custom/rollout-kinds.ts';
import { servingKinds } from '../custom/serving-kinds.ts';
import { trainingKinds } from '../custom/training-kinds.ts';
import { workflowKinds } from '../custom/workflow-kinds.ts';
import type { WorkloadKind } from './workload-kind.ts';

/**
 * The custom kinds that ship with the gate. Most end in Pods, which are judged again: their rows give early feedback and
 * keep a bad template out of the cluster. docs/workloads.md says what each operator adds of its own. Sources:
 * test/fixtures/workloads/SOURCE.md.
 */
export const customWorkloads: readonly WorkloadKind[] = [
  ...rolloutKinds,
  ...workflowKinds,
  ...trainingKinds,
  ...servingKinds,
  ...dataKinds,
  ...operationsKinds,
];
