import type { Evidence } from '../evidence/gather.ts';
import type { NamespaceReader, PolicySource } from '../gate/ports.ts';
import { createPrefetch } from '../gate/prefetch/prefetch.ts';
import type { Prefetch, PrefetchDeps } from '../gate/prefetch/prefetch.ts';
import type { Lifecycle } from './lifecycle.ts';
import { systemClock } from '../concurrency/clock.ts';
import type { Telemetry } from './telemetry.ts';

interface PrefetchParts {
  readonly source: PolicySource;
  readonly namespaces: NamespaceReader;
  /** Absent when this gate has no registry access. */
  readonly evidence?: { readonly room: { readonly evidence: Evidence } };
}
interface PrefetchEnds {
  readonly onBug: (error: unknown) => void;
  readonly lifecycle: Pick<Lifecycle, 'add'> | undefined;
}

/** The prefetch; absent where the gate has no registry access. */
export const openPrefetch = (
  { workloads, slices }: Pick<PrefetchDeps, 'workloads' | 'slices'>,
  { source, namespaces, evidence }: PrefetchParts,
  { metrics }: Telemetry,
  { onBug, lifecycle }: PrefetchEnds,
): Prefetch | undefined => {
  if (evidence === undefined) return undefined;
  const prefetch = createPrefetch({
    policies: source,
    namespaces,
    workloads,
    evidence: evidence.room.evidence,
    clock: systemClock,
    slices,
    onBug,
  });
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
