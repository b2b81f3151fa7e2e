import type { JsonObject, JsonValue } from '../text/json/json.ts';
import { isJsonObject } from '../text/json/json.ts';
import { compileKind } from './kinds/compiled-kind.ts';
import type { ImageUse } from './extract.ts';
import { extractImages } from './extract.ts';
import type { WorkloadKind } from './kinds/workload-kind.ts';
import { maxDepth } from '../text/yaml/limits.ts';

/**
 * R2: the places of `images` where `oldObject` holds byte-identical text. Moved, re-added, re-spelt or newly
 * ephemeral is new; without an old object, or with one that cannot be read, everything is new.
 * Attack: the API lets `kubectl debug --image=<same image>` and `set image c0=<image of c1>` through, and both pull afresh.
 */
export const unchangedPlaces = (
  kind: WorkloadKind,
  images: readonly ImageUse[],
  oldObject: JsonObject | null,
): ReadonlySet<string> => {
  const unchanged = new Set<string>();
  if (oldObject === null) return unchanged;
  const old = extractImages(kind, oldObject);
  if (!old.ok) return unchanged;
  const before = new Map(old.value.images.map(({ place, given }) => [place, given]));
  for (const { place, given } of images) {
    if (before.get(place) === given) unchanged.add(place);
  }
  return unchanged;
};

const maxComparisons = 500_000;

interface Budget {
  left: number;
}

const sameList = (a: readonly JsonValue[], b: readonly JsonValue[], depth: number, budget: Budget): boolean =>
  a.length === b.length && a.every((item, index) => same(item, b[index], depth, budget));

const sameObject = (a: JsonObject, b: JsonObject, depth: number, budget: Budget): boolean => {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key], depth, budget));
};

/** Deep equality of JSON; whatever is deeper or larger than the bounds counts as different, so it is judged. */
const same = (a: JsonValue | undefined, b: JsonValue | undefined, depth: number, budget: Budget): boolean => {
  if (a === b) return true;
  budget.left -= 1;
  if (depth > maxDepth || budget.left < 0) return false;
  if (Array.isArray(a)) return Array.isArray(b) && sameList(a, b, depth + 1, budget);
  return isJsonObject(a) && isJsonObject(b) && sameObject(a, b, depth + 1, budget);
};

const valueAt = (object: JsonObject, keys: readonly string[]): JsonValue | undefined => {
  let value: JsonValue | undefined = object;
  for (const key of keys) {
    if (!isJsonObject(value)) return undefined;
    value = value[key];
  }
  return value;
};

/**
 * Whether anything in the pod spec differs from `oldObject` (R2: pod and expression checks judge whenever it does).
 * A kind with several places is compared by the top-level fields that its paths begin with.
 * Works on objects of any shape, also those that {@link extractImages} refuses.
 */
export const podSpecChanged = (
  kind: WorkloadKind,
  object: JsonObject,
  oldObject: JsonObject | null,
): boolean => {
  if (oldObject === null) return true;
  const { podSpec, podSpecs, images, imageUrls } = compileKind(kind);
  const roots = new Set([...podSpecs, ...images, ...imageUrls].map((path) => path[0]?.key ?? ''));
  const places = podSpec === undefined ? [...roots].map((root) => [root]) : [podSpec.segments];
  const budget: Budget = { left: maxComparisons };
  return !places.every((keys) => same(valueAt(object, keys), valueAt(oldObject, keys), 0, budget));
};
