import type { Evidence } from '../evidence/gather.ts';
import type { NamespaceReader, PolicySource } from '../gate/ports.ts';
import { createWarm } from '../gate/prefetch/prefetch.ts';
import type { Warm, WarmDeps } from '../gate/prefetch/prefetch.ts';
import type { Closers } from './lifecycle.ts';
import { clock } from './clock.ts';
import type { Watchers } from './telemetry.ts';

export interface WarmParts {
  readonly source: PolicySource;
  readonly namespaces: NamespaceReader;
  /** Absent: this gate looks at no registry. */
  readonly evidence?: { readonly room: { readonly evidence: Evidence } };
}
export interface WarmEnds {
  readonly onBug: (error: unknown) => void;
  readonly closers: Pick<Closers, 'add'> | undefined;
}

/** What is looked at in advance, while this gate looks at registries at all. */
export const openWarm = (
  { workloads, slices }: Pick<WarmDeps, 'workloads' | 'slices'>,
  { source, namespaces, evidence }: WarmParts,
  { metrics }: Watchers,
  { onBug, closers }: WarmEnds,
): Warm | undefined => {
  if (evidence === undefined) return undefined;
  const warm = createWarm({
    policies: source,
    namespaces,
    workloads,
    evidence: evidence.room.evidence,
    clock,
    slices,
    onBug,
  });
  closers?.add(() => warm.close());
  let told = 0;
  metrics.onScrape(() => {
    const { waiting, dropped } = warm.counts();
    metrics.set('warmWaiting', waiting);
    metrics.count('warmDropped', {}, dropped - told);
    told = dropped;
  });
  return warm;
};
