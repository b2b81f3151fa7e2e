import { isJsonObject, type JsonObject, type JsonValue } from '../text/json/json.ts';
import type { Steps } from '../steps.ts';
import { compileKind } from './kinds/compiled-kind.ts';
import { extractImages, type Extraction } from './extract.ts';
import type { ImageUse } from './found-images.ts';
import type { WorkloadKind } from './kinds/workload-kind.ts';
import { maxYamlDepth } from '../text/yaml/limits.ts';

/** What the object held before; `undefined` when there was none, or when it cannot be read. */
export const imagesBefore = (kind: WorkloadKind, oldObject: JsonObject | null): Extraction | undefined => {
  const old = oldObject === null ? undefined : extractImages(kind, oldObject);
  return old?.ok === true ? old.value : undefined;
};

const noPlaces: ReadonlySet<string> = new Set();

/**
 * R2: the places of `images` where the old object holds byte-identical text. Moved, re-added, re-spelt or newly
 * ephemeral is new; without an old object, or with one that cannot be read, everything is new.
 * Attack: the API lets `kubectl debug --image=<same image>` and `set image c0=<image of c1>` through, and both pull afresh.
 */
export const unchangedPlaces = (
  images: readonly ImageUse[],
  before: Extraction | undefined,
): ReadonlySet<string> => {
  if (before === undefined) return noPlaces;
  const unchanged = new Set<string>();
  const texts = new Map(before.images.map(({ place, given }) => [place, given]));
  for (const { place, given } of images) {
    if (texts.get(place) === given) unchanged.add(place);
  }
  return unchanged;
};

const maxComparisons = 500_000;

/** Members that are compared in one step: about a millisecond. */
const stepMembers = 4_096;

interface Budget {
  left: number;
}

/** A list or a map, as it stands in both objects, and how far its members were compared. */
interface Pair {
  readonly a: JsonObject | readonly JsonValue[];
  readonly b: JsonObject | readonly JsonValue[];
  /** For a list its indices. */
  readonly keys: readonly string[] | undefined;
  readonly length: number;
  at: number;
}

const pairOf = (a: JsonValue | undefined, b: JsonValue | undefined): Pair | undefined => {
  if (Array.isArray(a)) {
    const { length } = a;
    return Array.isArray(b) && b.length === length ? { a, b, keys: undefined, length, at: 0 } : undefined;
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return undefined;
  const keys = Object.keys(a);
  const { length } = keys;
  return Object.keys(b).length === length ? { a, b, keys, length, at: 0 } : undefined;
};

/**
 * Whether two values can be the same: they are, or `open` gets their members to compare. Whatever is deeper or larger than
 * the bounds counts as different, so it is judged.
 */
const canBeSame = (
  a: JsonValue | undefined,
  b: JsonValue | undefined,
  open: Pair[],
  budget: Budget,
): boolean => {
  if (a === b) return true;
  budget.left -= 1;
  if (open.length > maxYamlDepth || budget.left < 0) return false;
  const pair = pairOf(a, b);
  if (pair === undefined) return false;
  open.push(pair);
  return true;
};

/** Whether the members at `at` can be the same. */
const canHaveSame = ({ a, b, keys }: Pair, at: number, open: Pair[], budget: Budget): boolean => {
  if (keys === undefined)
    return canBeSame((a as readonly JsonValue[])[at], (b as readonly JsonValue[])[at], open, budget);
  const key = keys[at] ?? '';
  return Object.hasOwn(b, key) && canBeSame((a as JsonObject)[key], (b as JsonObject)[key], open, budget);
};

/** Deep equality of JSON. */
function* comparing(a: JsonValue | undefined, b: JsonValue | undefined, budget: Budget): Steps<boolean> {
  const open: Pair[] = [];
  if (!canBeSame(a, b, open, budget)) return false;
  for (let compared = 1; ; compared += 1) {
    const pair = open.at(-1);
    if (pair === undefined) return true;
    const at = pair.at++;
    if (at === pair.length) open.pop();
    else if (!canHaveSame(pair, at, open, budget)) return false;
    if (compared % stepMembers === 0) yield;
  }
}

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
 * Works on objects of any shape, also those that {@link extractImages} refuses. In steps: the largest took 100 ms (R24).
 */
export function* comparingPodSpecs(
  kind: WorkloadKind,
  object: JsonObject,
  oldObject: JsonObject | null,
): Steps<boolean> {
  if (oldObject === null) return true;
  const { podSpec, podSpecs, images, imageUrls } = compileKind(kind);
  const roots = new Set([...podSpecs, ...images, ...imageUrls].map((path) => path[0]?.key ?? ''));
  const places = podSpec === undefined ? [...roots].map((root) => [root]) : [podSpec.segments];
  const budget: Budget = { left: maxComparisons };
  for (const keys of places) {
    if (!(yield* comparing(valueAt(object, keys), valueAt(oldObject, keys), budget))) return true;
  }
  return false;
}
