import { textOf, isJsonObject, type JsonObject, type JsonValue } from '../../core/text/json/json.ts';
import { parseReference } from '../../core/image/reference.ts';
import type { FieldSegment } from '../../core/workload/field-path.ts';
import { walkField } from '../../core/workload/field-walk.ts';
import { stepsOf } from '../../core/workload/object-path.ts';
import { openImage, type NamedImage } from './named-image.ts';

type Steps = readonly (string | number)[];

/** The fields of an image that is written in parts. */
interface Parts {
  readonly registry: readonly string[];
  readonly repository: readonly string[];
  readonly tag: readonly string[];
}
/** What charts have by convention (`helm create`, Bitnami). */
const usual: Parts = { registry: ['registry'], repository: ['repository'], tag: ['tag'] };
/** Names of the parts, where the user named the place of the map. */
const named: Parts = {
  registry: ['registry', 'hub', 'imageRegistry'],
  repository: ['repository', 'name', 'image', 'imageName', 'imageRepository'],
  tag: ['tag', 'version', 'imageTag'],
};

const keyIn = (map: JsonObject, keys: readonly string[]): string | undefined =>
  keys.find((key) => map[key] !== undefined && map[key] !== null && map[key] !== '');

const noTag = 'it names no tag, so the chart fills in its own version; write the tag';

/** `{ registry, repository, tag, digest }`; `undefined` where it has no repository. */
const imageOfParts = (at: Steps, map: JsonObject, parts: Parts): NamedImage | undefined => {
  const repositoryKey = keyIn(map, parts.repository);
  const repository = repositoryKey === undefined ? '' : textOf(map[repositoryKey]);
  if (repository === '') return undefined;
  const registryKey = keyIn(map, parts.registry);
  const registry = registryKey === undefined ? '' : textOf(map[registryKey]);
  const name = registry === '' ? repository : `${registry}/${repository}`;
  const tagKey = keyIn(map, parts.tag);
  const tag = tagKey === undefined ? undefined : map[tagKey];
  const given = typeof tag === 'string' ? `${name}:${tag}` : name;
  const digest = textOf(map['digest']);
  if (digest !== '') return { at, given: `${given}@${digest}`, outcome: 'kept' };
  if (tagKey === undefined) return { at, given, outcome: 'left', why: noTag };
  if (typeof tag !== 'string')
    return { at, given, outcome: 'left', why: 'YAML reads its tag as no text; put it in quotes' };
  return openImage({
    at,
    given,
    reference: given,
    // A chart that has no field for a digest would drop one in silence: behind the tag every chart writes it.
    change: (resolved) =>
      Object.hasOwn(map, 'digest')
        ? { map: at, key: 'digest', text: resolved.digest }
        : { map: at, key: tagKey, text: `${tag}@${resolved.digest}` },
  });
};

/** A text that is a whole reference. */
const imageOfText = (map: Steps, key: string | number, text: string): NamedImage => {
  const at = [...map, key];
  return openImage({
    at,
    given: text,
    reference: text,
    change: (resolved) => ({ map, key: String(key), text: resolved.text }),
  });
};

const tagBeside = ['tag', 'imageTag', 'image_tag'];

/** `image: text`: only where it holds its tag, because a chart may add one of its own. */
const imageField = (map: Steps, around: JsonObject, text: string): NamedImage => {
  const at = [...map, 'image'];
  const leave = (why: string): NamedImage => ({ at, given: text, outcome: 'left', why });
  const beside = keyIn(around, tagBeside);
  if (beside !== undefined)
    return leave(`its tag stands beside it in ${beside}; name the map around both with --values-image`);
  const parsed = parseReference(text);
  if (parsed.ok && parsed.value.tag === undefined && parsed.value.digest === undefined)
    return leave('it names no tag, and a chart may add one; write the tag, or name it with --values-image');
  return imageOfText(map, 'image', text);
};

/** The image under the key `image`; `undefined` when the value names none. */
const imageUnder = (map: Steps, around: JsonObject, value: JsonValue | undefined): NamedImage | undefined => {
  if (typeof value === 'string') return value.trim() === '' ? undefined : imageField(map, around, value);
  if (!isJsonObject(value)) return undefined;
  const at = [...map, 'image'];
  const image = imageOfParts(at, value, usual);
  const otherName = keyIn(value, named.repository);
  if (image !== undefined || otherName === undefined) return image;
  const given = textOf(value[otherName]);
  const why = 'it has no repository; name the place with --values-image if it is one image';
  return given === '' ? undefined : { at, given, outcome: 'left', why };
};

const usualImages = (value: JsonValue, at: Steps, into: NamedImage[]): void => {
  if (Array.isArray(value)) {
    for (const [index, item] of (value as readonly JsonValue[]).entries())
      usualImages(item, [...at, index], into);
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [key, below] of Object.entries(value)) {
    const image = key === 'image' ? imageUnder(at, value, below) : undefined;
    if (image !== undefined) into.push(image);
    else if (below !== undefined) usualImages(below, [...at, key], into);
  }
};

/** A path of `--values-image`, read. */
export type ValuesPath = readonly FieldSegment[];

/** What `--values-image` leads to: a text, or a map of parts. */
const imagesAt = (values: JsonObject, path: ValuesPath): readonly NamedImage[] => {
  const found: NamedImage[] = [];
  const visit = (way: () => string, value: JsonValue) => {
    const at = stepsOf(way());
    const key = at.at(-1);
    if (typeof value === 'string' && key !== undefined && value.trim() !== '')
      found.push(imageOfText(at.slice(0, -1), key, value));
    const image = isJsonObject(value) ? imageOfParts(at, value, named) : undefined;
    if (image !== undefined) found.push(image);
    return undefined;
  };
  walkField({ visit, entries: 0 }, path, values);
  return found;
};

export interface ValuesImages {
  readonly images: readonly NamedImage[];
  /** The paths that led to an image. */
  readonly used: ReadonlySet<ValuesPath>;
}

/**
 * The images in the values of a Helm chart: every `image: { registry, repository, tag, digest }` and `image: text`,
 * and the values at the given paths, which are whole references or maps with parts under other names.
 */
export const valuesImages = (values: JsonObject, paths: readonly ValuesPath[]): ValuesImages => {
  const byPath = paths.map((path) => ({ path, images: imagesAt(values, path) }));
  const used = new Set(byPath.filter(({ images }) => images.length > 0).map(({ path }) => path));
  const chosen = byPath.flatMap(({ images }) => images);
  const places = new Set(chosen.map(({ at }) => JSON.stringify(at)));
  const found: NamedImage[] = [];
  usualImages(values, [], found);
  const isChosen = ({ at }: NamedImage): boolean =>
    at.some((_step, depth) => places.has(JSON.stringify(at.slice(0, depth + 1))));
  const all = [...chosen, ...found.filter((image) => !isChosen(image))];
  const global = values['global'];
  const registry = isJsonObject(global) ? textOf(global['imageRegistry']) : '';
  if (registry === '') return { images: all, used };
  const why = `global.imageRegistry (${registry}) may take the place of its registry; write that out instead`;
  const left = all.map(({ at, given, ...image }): NamedImage =>
    image.outcome === 'kept' ? { at, given, outcome: 'kept' } : { at, given, outcome: 'left', why },
  );
  return { images: left, used };
};
