import { isJsonObject, type JsonObject, type JsonValue } from '../text/json/json.ts';
import { fail, ok, type Result } from '../result.ts';
import {
  compileKind,
  podSpecPlaces,
  type CompiledKind,
  type CompiledPodSpec,
} from './kinds/compiled-kind.ts';
import { walkField, type FieldWalk } from './field-walk.ts';
import {
  addImage,
  addImageUrl,
  isAbsent,
  malformedObject,
  type ExtractionError,
  type Findings,
  type ImageUse,
  type Problem,
} from './found-images.ts';
import { readPodSpec } from './pod-spec-images.ts';
import type { WorkloadKind } from './kinds/workload-kind.ts';

export interface Extraction {
  /** In the order containers, initContainers, ephemeralContainers, volumes; then the paths of the row. */
  readonly images: readonly ImageUse[];
  /** Safe to show, as paths are. */
  readonly warnings: readonly string[];
  /** The pod spec of a kind that has exactly one, always at the same place. */
  readonly podSpec?: JsonObject;
}

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
    if (!isAbsent(next)) return fail(malformedObject(path, 'must be an object'));
    if (!found.kind.podSpecOptional) return fail(malformedObject(path, 'is missing'));
    const warnings = found.kind.overlay === true ? [] : [`${path} is absent: nothing to judge`];
    return ok({ images: [], warnings });
  }
  const problem = readPodSpec(found, compiled, podSpec);
  return problem === undefined
    ? ok({ images: found.images, warnings: found.warnings, podSpec })
    : fail(problem);
};

/** Kinds with several places: pod specs first, then bare images. Whatever is absent on the way is no image. */
const extractFromPlaces = (
  found: Findings,
  compiled: CompiledKind,
  object: JsonObject,
): Result<Extraction, ExtractionError> => {
  const readAt = (path: () => string, value: JsonValue): Problem =>
    isJsonObject(value)
      ? readPodSpec(found, podSpecPlaces(path, found.kind), value)
      : malformedObject(path(), 'must be an object');
  const readImage = (at: () => string, value: JsonValue): Problem => {
    const path = at();
    return addImage(found, { path, place: path }, value);
  };
  const walks = [
    { paths: compiled.podSpecs, visit: readAt },
    { paths: compiled.images, visit: readImage },
    {
      paths: compiled.imageUrls,
      visit: (path: () => string, value: JsonValue) => addImageUrl(found, path(), value),
    },
  ];
  let entries = 0;
  for (const { paths, visit } of walks) {
    const walk: FieldWalk = { visit, entries };
    for (const segments of paths) {
      const problem = walkField(walk, segments, object);
      if (problem !== undefined) return fail(problem);
    }
    ({ entries } = walk);
  }
  return ok({ images: found.images, warnings: found.warnings });
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
  const { podSpec, placeholder } = compiled;
  const found: Findings = { kind, placeholder, images: [], warnings: [], places: 0 };
  if (podSpec !== undefined) return extractFromPodSpec(found, podSpec, object);
  return extractFromPlaces(found, compiled, object);
};
