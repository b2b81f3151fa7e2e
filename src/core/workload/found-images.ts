import type { JsonValue } from '../text/json/json.ts';
import { holdsPlaceholder, type Placeholder } from './placeholder.ts';
import type { WorkloadKind } from './kinds/workload-kind.ts';

/** One place of the object that names an image. */
export interface ImageUse {
  /** e.g. `spec.template.spec.containers[0].image`, `spec.volumes[2].image.reference` */
  readonly path: string;
  /** The text as written, without `docker://` in URLs; `''` when a Pod lacks it. Comes from the object: escape and cut it before showing it. */
  readonly given: string;
  /**
   * What R2 compares by: list and container name (`spec.containers/app`), volume name, or the path in custom kinds.
   * Holds names from the object: never show it.
   */
  readonly place: string;
  /** An image volume: its files are mounted, and nothing of it runs. */
  readonly volume?: true;
}
/** `path` and `why` are safe to show: the only text of the object in them is keys of maps, escaped and bounded. */
export interface ExtractionError {
  readonly code: 'malformed-request' | 'too-many-images';
  readonly path: string;
  readonly why: string;
}
/** `undefined` means that all went well: cheaper than a Result for each field of the hot path. */
export type Problem = ExtractionError | undefined;

/** Places counted, blank ones included. */
export const maxImages = 64;
/** Items of lists and keys of maps that are read on the way to images, over all paths of a row. */
export const maxEntries = 10_000;

/** Images that were found so far while an object is read. */
export interface Findings {
  readonly kind: WorkloadKind;
  readonly placeholder: Placeholder | undefined;
  readonly images: ImageUse[];
  readonly warnings: string[];
  places: number;
}

export const malformedObject = (path: string, why: string): ExtractionError => ({
  code: 'malformed-request',
  path,
  why,
});
/** Kubernetes decodes `null` to the empty value: `initContainers:` without a value is legal YAML of many charts. */
export const isAbsent = (value: JsonValue | undefined): value is null | undefined =>
  value === undefined || value === null;

export const addImage = (
  found: Findings,
  use: Omit<ImageUse, 'given'>,
  value: JsonValue | undefined,
): Problem => {
  const { path } = use;
  found.places += 1;
  if (found.places > maxImages) {
    return { code: 'too-many-images', path, why: `more than ${maxImages} images in one object` };
  }
  const given = value ?? '';
  if (typeof given !== 'string') return malformedObject(path, 'an image must be text');
  const { kind, placeholder } = found;
  if (!kind.imageRequired && given.trim() === '') {
    if (kind.overlay !== true)
      found.warnings.push(`${path} is blank: nothing to judge until it is filled in`);
  } else if (placeholder !== undefined && holdsPlaceholder(placeholder, given)) {
    found.warnings.push(`${path} holds a variable: judged when its Pod is created`);
  } else {
    found.images.push({ ...use, given });
  }
  return undefined;
};

/** What begins the URL of an image. */
const registryScheme = 'docker://';

/**
 * An image that is named by URL. Any other scheme stays in the text, which is then no reference and refused: the gate
 * cannot read an archive.
 */
export const addImageUrl = (found: Findings, path: string, value: JsonValue): Problem => {
  const isImage = typeof value === 'string' && value.startsWith(registryScheme);
  return addImage(found, { path, place: path }, isImage ? value.slice(registryScheme.length) : value);
};
