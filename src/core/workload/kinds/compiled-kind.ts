import { fieldSegments, isSinglePlace, type FieldSegment } from '../field-path.ts';
import { parsePlaceholder, type Placeholder } from '../placeholder.ts';
import type { WorkloadKind } from './workload-kind.ts';

/** A container list of a pod spec. */
export interface ContainerList {
  readonly key: 'containers' | 'initContainers' | 'ephemeralContainers';
  readonly path: () => string;
  /** Of the image of one container. */
  readonly imagePath: (index: number) => string;
  /** Whether the API server refuses an object without it. */
  readonly required: boolean;
}
/** The places of the images of one pod spec. Paths are written only when a finding needs them. */
export interface PodSpecPlaces {
  readonly lists: readonly ContainerList[];
  readonly volumes: () => string;
}
export interface CompiledPodSpec extends PodSpecPlaces {
  readonly segments: readonly string[];
}
export interface CompiledKind {
  /** The pod spec of a kind that has exactly one at a fixed place: all built-in kinds, hence the hot path. */
  readonly podSpec?: CompiledPodSpec;
  /** The pod specs of any other kind. */
  readonly podSpecs: readonly (readonly FieldSegment[])[];
  readonly images: readonly (readonly FieldSegment[])[];
  readonly imageUrls: readonly (readonly FieldSegment[])[];
  readonly placeholder?: Placeholder;
}

const containerList = (
  podSpec: () => string,
  key: ContainerList['key'],
  required: boolean,
): ContainerList => {
  const path = (): string => `${podSpec()}.${key}`;
  return { key, path, imagePath: (index) => `${path()}[${index}].image`, required };
};

export const podSpecPlaces = (path: () => string, { unnamedContainers }: WorkloadKind): PodSpecPlaces => ({
  lists: [
    containerList(path, 'containers', !unnamedContainers),
    containerList(path, 'initContainers', false),
    containerList(path, 'ephemeralContainers', false),
  ],
  volumes: () => `${path()}.volumes`,
});

/** The same with every path spelt out. Paths of images are kept: one object has few, and all objects have the same. */
const spelt = ({ lists, volumes }: PodSpecPlaces): PodSpecPlaces => {
  const volumesPath = volumes();
  return {
    lists: lists.map((list) => {
      const path = list.path();
      const imagePaths: string[] = [];
      return {
        ...list,
        path: () => path,
        imagePath: (index) => (imagePaths[index] ??= list.imagePath(index)),
      };
    }),
    volumes: () => volumesPath,
  };
};

const placeholderOf = ({ placeholder }: WorkloadKind): Pick<CompiledKind, 'placeholder'> => {
  const parsed = placeholder === undefined ? undefined : parsePlaceholder(placeholder);
  return parsed?.ok === true ? { placeholder: parsed.value } : {};
};

const compile = (kind: WorkloadKind): CompiledKind => {
  const paths = [kind.podSpec ?? []].flat();
  const podSpecs = paths.map(fieldSegments);
  const images = (kind.images ?? []).map(fieldSegments);
  const imageUrls = (kind.imageUrls ?? []).map(fieldSegments);
  const [path] = paths;
  const rest = { images, imageUrls, ...placeholderOf(kind) };
  const hasOnePlace =
    paths.length === 1 && images.length + imageUrls.length === 0 && podSpecs.every(isSinglePlace);
  if (path === undefined || !hasOnePlace) return { podSpecs, ...rest };
  return {
    podSpec: { segments: path.split('.'), ...spelt(podSpecPlaces(() => path, kind)) },
    podSpecs: [],
    ...rest,
  };
};

// Rows are few and frozen for the life of the process, so the memo cannot grow with requests.
const memo = new WeakMap<WorkloadKind, CompiledKind>();

/** The row's paths, split once per row. */
export const compileKind = (kind: WorkloadKind): CompiledKind => {
  const cached = memo.get(kind);
  if (cached !== undefined) return cached;
  const compiled = compile(kind);
  memo.set(kind, compiled);
  return compiled;
};
