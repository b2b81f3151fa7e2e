import { createEvaluationThreads } from '../../adapters/constraint-worker/evaluation-threads.ts';
import type { EvaluationThreads } from '../../gate/constraints.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { Telemetry } from '../telemetry.ts';

/** Threads for evaluations of constraints that take long. None of them starts before there is one. */
export const openConstraintThreads = (
  program: URL,
  { metrics }: Telemetry,
  lifecycle: Pick<Lifecycle, 'add'>,
): EvaluationThreads => {
  const threads = createEvaluationThreads({
    program,
    onEnd: (outcome) => metrics.count('constraintTurns', { outcome }),
  });
  lifecycle.add(() => threads.close());
  metrics.onScrape(() => metrics.set('constraintThreadsBusy', threads.busy()));
  return threads;
};
