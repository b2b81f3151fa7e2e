import { createPrefetch, type Prefetch, type PrefetchDeps } from '../gate/prefetch/prefetch.ts';
import type { Lifecycle } from './lifecycle.ts';
import { systemClock } from '../concurrency/clock.ts';
import type { Telemetry } from './telemetry.ts';

/** The prefetch of a gate that has registry access, with its figures. */
export const openPrefetch = (
  deps: Omit<PrefetchDeps, 'clock'>,
  { metrics }: Telemetry,
  lifecycle: Pick<Lifecycle, 'add'> | undefined,
): Prefetch => {
  const prefetch = createPrefetch({ ...deps, clock: systemClock });
  lifecycle?.add(() => prefetch.close());
  let dropsCounted = 0;
  metrics.onScrape(() => {
    const { waiting, dropped } = prefetch.counts();
    metrics.set('warmWaiting', waiting);
    metrics.count('warmDropped', {}, dropped - dropsCounted);
    dropsCounted = dropped;
  });
  return prefetch;
};
