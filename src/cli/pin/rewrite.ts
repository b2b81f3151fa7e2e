import { isJsonObject, type JsonValue } from '../../core/text/json/json.ts';
import { readManifestObjects, type ManifestObject } from '../../core/workload/manifest.ts';
import { stepsOf } from '../../core/workload/object-path.ts';
import { nodeAt, type SourceText } from '../../core/text/source-node.ts';
import { isKustomization } from '../check/foreign-file.ts';
import { applyEdits, byteOrderMarkOf, replaceText, type TextEdit } from './text-edit.ts';

/** One image of one object and the text that takes its place. */
export interface Rewrite {
  /** Which object of the text, counted as it is read. */
  readonly object: number;
  readonly path: string;
  readonly given: string;
  readonly text: string;
}

interface Rewritten {
  readonly text: string;
  /** The objects of the new text. */
  readonly objects: readonly ManifestObject[];
  /** What could not be written because its place was not found. */
  readonly missed: readonly Rewrite[];
}

const textAt = (object: ManifestObject | undefined, path: string): SourceText | undefined => {
  const node = object === undefined ? undefined : nodeAt(object.source(), stepsOf(path));
  return node?.kind === 'text' ? node : undefined;
};

/** Whether `now` is `before` with nothing but images replaced by their pinned texts, wherever an anchor shares one. */
const isOnlyPinned = (before: JsonValue, now: JsonValue, texts: ReadonlyMap<string, string>): boolean => {
  if (before === now) return true;
  if (typeof before === 'string') return texts.get(before) === now;
  if (Array.isArray(before)) {
    return (
      Array.isArray(now) &&
      now.length === before.length &&
      before.every((item, at) => isOnlyPinned(item, now[at] ?? null, texts))
    );
  }
  if (!isJsonObject(before) || !isJsonObject(now)) return false;
  const keys = Object.keys(before);
  return (
    keys.length === Object.keys(now).length &&
    keys.every((key) => Object.hasOwn(now, key) && isOnlyPinned(before[key] ?? null, now[key] ?? null, texts))
  );
};

/**
 * Reads the new text again: it must hold the same objects, with changes of images only. If a parser understood
 * something else than this code did, the file is left alone.
 */
const proven = (
  text: string,
  read: readonly ManifestObject[],
  rewrites: readonly Rewrite[],
): readonly ManifestObject[] | undefined => {
  const again = readManifestObjects(text, read[0]?.file ?? '');
  const objects = again.ok ? again.value.objects.filter((object) => !isKustomization(object)) : [];
  if (objects.length !== read.length) return undefined;
  const texts = new Map(rewrites.map(({ given, text: pinned }) => [given, pinned]));
  const same = read.every(({ object }, at) => isOnlyPinned(object, objects[at]?.object ?? null, texts));
  return same ? objects : undefined;
};

/**
 * Writes texts into a manifest at the places of its images. Only the characters of these texts are replaced, so
 * comments, order, quotes and indentation stay.
 * @param read - the objects of the text
 */
export const rewriteImages = (
  text: string,
  read: readonly ManifestObject[],
  rewrites: readonly Rewrite[],
): Rewritten => {
  const unchanged = { text, objects: read, missed: rewrites };
  if (rewrites.length === 0) return unchanged;
  const mark = byteOrderMarkOf(text);
  const body = text.slice(mark.length);
  const edits = new Map<number, TextEdit>();
  const missed: Rewrite[] = [];
  const placed: Rewrite[] = [];
  for (const rewrite of rewrites) {
    const place = textAt(read[rewrite.object], rewrite.path);
    // An image within a URL is left: the importer of KubeVirt refuses a tag beside a digest.
    if (place === undefined || place.value !== rewrite.given) {
      missed.push(rewrite);
      continue;
    }
    edits.set(place.start, replaceText(body, place, rewrite.text));
    placed.push(rewrite);
  }
  const written = `${mark}${applyEdits(body, [...edits.values()])}`;
  const now = proven(written, read, placed);
  return now === undefined ? unchanged : { text: written, objects: now, missed };
};
