import type { FieldSegment } from './field-path.ts';
import { fieldSegments } from './field-path.ts';
import type { WorkloadKind } from './workload-kind.ts';

/** A container list of a pod spec, its path spelt out once. */
export interface ContainerList {
  readonly key: 'containers' | 'initContainers' | 'ephemeralContainers';
  readonly path: string;
  /** Whether the API server refuses an object without it. */
  readonly required: boolean;
}
export interface CompiledPodSpec {
  readonly segments: readonly string[];
  readonly lists: readonly ContainerList[];
  readonly volumes: string;
}
export interface CompiledKind {
  readonly podSpec?: CompiledPodSpec;
  readonly images: readonly (readonly FieldSegment[])[];
}

const compilePodSpec = (path: string, { unnamedContainers }: WorkloadKind): CompiledPodSpec => ({
  segments: path.split('.'),
  lists: [
    { key: 'containers', path: `${path}.containers`, required: !unnamedContainers },
    { key: 'initContainers', path: `${path}.initContainers`, required: false },
    { key: 'ephemeralContainers', path: `${path}.ephemeralContainers`, required: false },
  ],
  volumes: `${path}.volumes`,
});

// Rows are few and frozen for the life of the process, so the memo cannot grow with requests.
const memo = new WeakMap<WorkloadKind, CompiledKind>();

/** The row's paths, split once per row. */
export const compileKind = (kind: WorkloadKind): CompiledKind => {
  const cached = memo.get(kind);
  if (cached !== undefined) return cached;
  const compiled: CompiledKind = {
    ...(kind.podSpec === undefined ? {} : { podSpec: compilePodSpec(kind.podSpec, kind) }),
    images: (kind.images ?? []).map(fieldSegments),
  };
  memo.set(kind, compiled);
  return compiled;
};
