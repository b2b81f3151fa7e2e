import {
  constants,
  PerformanceObserver,
  type NodeGCPerformanceDetail,
  type PerformanceEntry,
} from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

const mebibyte = 1024 * 1024;
/** Of what is alive after a collection. */
const minPercent = 60;
/** As V8 has it for small heaps. */
const maxPercent = 300;
/** A heap may always be so large: one of 20 MiB would be collected after each few hundred reviews. */
const alwaysAllowed = 96 * mebibyte;

/** By how many percent a heap may grow of which so many bytes are alive. */
export const growingPercent = (alive: number): number => {
  const toAllowed = (100 * (alwaysAllowed - alive)) / alive;
  return Math.round(Math.min(maxPercent, Math.max(minPercent, toAllowed)));
};

const allow = (percent: number): void => setFlagsFromString(`--heap-growing-percent=${percent}`);

const isWhole = ({ detail }: PerformanceEntry & { readonly detail?: unknown }): boolean =>
  (detail as NodeGCPerformanceDetail | undefined)?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;

/**
 * V8 lets a heap that is small for the machine grow to several times what is alive before it collects, so that a gate with
 * 100 MiB of caches took up 300. A large one is collected more often here, which costs little where most of it runs beside
 * the event loop; a small one is not, since on one core nothing runs beside it.
 */
export const limitHeapGrowth = (): void => {
  const limit = (): void => allow(growingPercent(getHeapStatistics().used_heap_size));
  limit();
  // Right behind a collection hardly anything is there but what is alive.
  new PerformanceObserver((list) => {
    if (list.getEntries().some(isWhole)) limit();
  }).observe({ entryTypes: ['gc'] });
};
