import type { JsonObject, JsonValue } from '../json.ts';
import { isJsonObject } from '../json.ts';
import type { Result } from '../result.ts';
import { fail, ok } from '../result.ts';
import type { CompiledPodSpec, ContainerList } from './compiled-kind.ts';
import { compileKind } from './compiled-kind.ts';
import type { FieldSegment } from './field-path.ts';
import type { WorkloadKind } from './workload-kind.ts';

/** One place of the object that names an image. */
export interface ImageUse {
  /** e.g. `spec.template.spec.containers[0].image`, `spec.volumes[2].image.reference` */
  readonly path: string;
  /** The text as written; `''` when a Pod lacks it. Comes from the object: escape and cut it before showing it. */
  readonly given: string;
  /**
   * What R2 compares by: list and container name (`spec.containers/app`), volume name, or the path in custom kinds.
   * Holds names from the object: never show it.
   */
  readonly place: string;
}
export interface Extraction {
  /** In the order containers, initContainers, ephemeralContainers, volumes. */
  readonly images: readonly ImageUse[];
  /** Safe to show: paths only, no text of the object. */
  readonly warnings: readonly string[];
  readonly podSpec?: JsonObject;
}
/** `path` and `why` are safe to show: they hold no text of the object. */
export interface ExtractionError {
  readonly code: 'malformed-request' | 'too-many-images';
  readonly path: string;
  readonly why: string;
}

/** Places counted, blank ones included. */
export const maxImages = 64;

interface Findings {
  readonly kind: WorkloadKind;
  readonly images: ImageUse[];
  readonly warnings: string[];
  places: number;
}
/** `undefined` means that all went well: cheaper than a Result for each field of the hot path. */
type Problem = ExtractionError | undefined;

const malformed = (path: string, why: string): ExtractionError => ({ code: 'malformed-request', path, why });
/** Kubernetes decodes `null` to the empty value: `initContainers:` without a value is legal YAML of many charts. */
const isAbsent = (value: JsonValue | undefined): value is null | undefined =>
  value === undefined || value === null;

const addImage = (found: Findings, path: string, place: string, value: JsonValue | undefined): Problem => {
  found.places += 1;
  if (found.places > maxImages) {
    return { code: 'too-many-images', path, why: `more than ${maxImages} images in one object` };
  }
  const given = value ?? '';
  if (typeof given !== 'string') return malformed(path, 'an image must be text');
  const { imageRequired, placeholder } = found.kind;
  if (!imageRequired && given.trim() === '') {
    found.warnings.push(`${path} is blank: nothing to judge until it is filled in`);
  } else if (placeholder !== undefined && given.includes(placeholder)) {
    found.warnings.push(`${path} holds a variable: judged when its Pod is created`);
  } else {
    found.images.push({ path, given, place });
  }
  return undefined;
};

/** R2 knows a container by list and name, so a name that is missing or there twice would make it ambiguous. */
const readContainer = (
  found: Findings,
  list: ContainerList,
  items: readonly JsonValue[],
  index: number,
): Problem => {
  const path = `${list.path}[${index}]`;
  const item = items[index];
  if (!isJsonObject(item)) return malformed(path, 'a container must be an object');
  const name = item['name'];
  if (isAbsent(name) || name === '') {
    if (!found.kind.unnamedContainers) return malformed(`${path}.name`, 'a container needs a name');
    return addImage(found, `${path}.image`, path, item['image']);
  }
  if (typeof name !== 'string') return malformed(`${path}.name`, 'a name must be text');
  // At most maxImages items come this far, so the scan is bounded.
  for (let earlier = 0; earlier < index; earlier += 1) {
    if ((items[earlier] as JsonObject)['name'] === name) {
      return malformed(`${path}.name`, 'another container of this list has the same name');
    }
  }
  return addImage(found, `${path}.image`, `${list.path}/${name}`, item['image']);
};

const readContainers = (found: Findings, list: ContainerList, value: JsonValue | undefined): Problem => {
  if (isAbsent(value)) {
    return list.required ? malformed(list.path, 'a pod spec needs a list of containers') : undefined;
  }
  if (!Array.isArray(value)) return malformed(list.path, 'must be a list');
  for (let index = 0; index < value.length; index += 1) {
    const problem = readContainer(found, list, value, index);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

const readImageVolume = (found: Findings, path: string, volume: JsonObject, names: string[]): Problem => {
  const { image, name } = volume;
  if (!isJsonObject(image)) return malformed(`${path}.image`, 'must be an object');
  if (typeof name !== 'string' || name === '') return malformed(`${path}.name`, 'a volume needs a name');
  if (names.includes(name)) return malformed(`${path}.name`, 'another image volume has the same name');
  names.push(name);
  const list = path.slice(0, path.lastIndexOf('['));
  return addImage(found, `${path}.image.reference`, `${list}/${name}`, image['reference']);
};

/** Only `volumes[].image` is an image volume (B18); the `image` inside an rbd volume names a block device. */
const readVolumes = (found: Findings, path: string, value: JsonValue | undefined): Problem => {
  if (isAbsent(value)) return undefined;
  if (!Array.isArray(value)) return malformed(path, 'must be a list');
  const names: string[] = [];
  for (let index = 0; index < value.length; index += 1) {
    const volume: JsonValue | undefined = value[index];
    if (!isJsonObject(volume)) return malformed(`${path}[${index}]`, 'a volume must be an object');
    if (isAbsent(volume['image'])) continue;
    const problem = readImageVolume(found, `${path}[${index}]`, volume, names);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

const readPodSpec = (found: Findings, compiled: CompiledPodSpec, podSpec: JsonObject): Problem => {
  for (const list of compiled.lists) {
    const problem = readContainers(found, list, podSpec[list.key]);
    if (problem !== undefined) return problem;
  }
  return readVolumes(found, compiled.volumes, podSpec['volumes']);
};

const extractFromPodSpec = (
  found: Findings,
  compiled: CompiledPodSpec,
  object: JsonObject,
): Result<Extraction, ExtractionError> => {
  let podSpec = object;
  for (const [depth, key] of compiled.segments.entries()) {
    const next = podSpec[key];
    if (isJsonObject(next)) {
      podSpec = next;
      continue;
    }
    const path = compiled.segments.slice(0, depth + 1).join('.');
    if (!isAbsent(next)) return fail(malformed(path, 'must be an object'));
    if (!found.kind.podSpecOptional) return fail(malformed(path, 'is missing'));
    return ok({ images: [], warnings: [`${path} is absent: nothing to judge`] });
  }
  const problem = readPodSpec(found, compiled, podSpec);
  return problem === undefined
    ? ok({ images: found.images, warnings: found.warnings, podSpec })
    : fail(problem);
};

/** Walks one path of a custom kind; `path` is where `value` was found. Whatever is absent on the way is no image. */
const walk = (
  found: Findings,
  segments: readonly FieldSegment[],
  at: { readonly depth: number; readonly path: string },
  value: JsonValue | undefined,
): Problem => {
  if (isAbsent(value)) return undefined;
  const segment = segments[at.depth];
  if (segment === undefined) return addImage(found, at.path, at.path, value);
  if (!isJsonObject(value)) return malformed(at.path, 'must be an object');
  const path = at.path === '' ? segment.key : `${at.path}.${segment.key}`;
  const depth = at.depth + 1;
  const next = value[segment.key];
  if (!segment.each) return walk(found, segments, { depth, path }, next);
  if (isAbsent(next)) return undefined;
  if (!Array.isArray(next)) return malformed(path, 'must be a list');
  for (let index = 0; index < next.length; index += 1) {
    const problem = walk(found, segments, { depth, path: `${path}[${index}]` }, next[index]);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

/**
 * Every image of the object: containers, init containers, ephemeral containers, image volumes, or the paths that a
 * custom row declares. Field names are case-sensitive, as the API server decodes them. Nothing else in the object
 * (owner, annotation, deletionTimestamp: B14-B16) is looked at.
 *
 * @returns `malformed-request` when a pod spec has the wrong shape, `too-many-images` beyond {@link maxImages}; never throws.
 * @example extractImages(pod, { spec: { containers: [{ name: 'app', image: 'nginx' }] } })
 *   // images: [{ path: 'spec.containers[0].image', given: 'nginx', place: 'spec.containers/app' }]
 */
export const extractImages = (
  kind: WorkloadKind,
  object: JsonObject,
): Result<Extraction, ExtractionError> => {
  const compiled = compileKind(kind);
  const found: Findings = { kind, images: [], warnings: [], places: 0 };
  if (compiled.podSpec !== undefined) return extractFromPodSpec(found, compiled.podSpec, object);
  for (const segments of compiled.images) {
    const problem = walk(found, segments, { depth: 0, path: '' }, object);
    if (problem !== undefined) return fail(problem);
  }
  return ok({ images: found.images, warnings: found.warnings });
};
