import { textOf, isJsonObject, type JsonObject, type JsonValue } from '../../core/text/json/json.ts';
import { basename } from 'node:path';
import { readTextValues } from '../../core/workload/manifest.ts';
import type { ParsedValue } from '../../core/text/parsed-text.ts';
import { isKustomization, isKustomizationFile, isValuesFile } from '../check/foreign-file.ts';
import type { ManifestSource } from '../check/manifest-input.ts';
import { openImage, type NamedImage } from './named-image.ts';
import { valuesImages, type ValuesImages, type ValuesPath } from './values-images.ts';

/** An image of a document that is no object of a cluster. */
export interface DocumentImage {
  readonly image: NamedImage;
  /** Which value of the text, counted as it is read. */
  readonly document: number;
  readonly line: number;
}

const kustomizationImage = (entry: JsonObject, index: number): NamedImage => {
  const { newTag, digest } = entry;
  const [written, other] = [textOf(entry['name']), textOf(entry['newName'])];
  const name = other === '' ? written : other;
  const at = ['images', index];
  const given = textOf(newTag) === '' ? name : `${name}:${textOf(newTag)}`;
  const leave = (why: string): NamedImage => ({ at, given, outcome: 'left', why });
  if (name === '') return leave('it has no name');
  if (textOf(digest) !== '') return { at, given: `${given}@${textOf(digest)}`, outcome: 'kept' };
  if (newTag === undefined || newTag === null || newTag === '')
    return leave('its tag stands in the manifests that are changed; write newTag, or pin them');
  if (typeof newTag !== 'string')
    return leave('newTag is no text, which kustomize refuses; put it in quotes');
  return openImage({
    at,
    given,
    reference: given,
    // kustomize writes name:newTag@digest where both are there.
    change: (resolved) => ({ map: at, key: 'digest', text: resolved.digest, after: 'newTag' }),
  });
};

/** The entries of `images` in a kustomization. */
const kustomizationImages = ({ images }: JsonObject): readonly NamedImage[] =>
  (Array.isArray(images) ? (images as readonly JsonValue[]) : []).flatMap((entry, index) =>
    isJsonObject(entry) ? [kustomizationImage(entry, index)] : [],
  );

const none: ValuesImages = { images: [], used: new Set() };

const isValues = ({ path, named }: ManifestSource): boolean =>
  basename(path) !== 'Chart.yaml' && (named || isValuesFile(path));

const imagesOf = (source: ManifestSource, value: JsonObject, paths: readonly ValuesPath[]): ValuesImages => {
  const name = { apiVersion: textOf(value['apiVersion']), kind: textOf(value['kind']) };
  const isNameless = name.apiVersion === '' && name.kind === '';
  if (isKustomization(name) || (isNameless && isKustomizationFile(source.path)))
    return { ...none, images: kustomizationImages(value) };
  return isNameless && isValues(source) ? valuesImages(value, paths) : none;
};

const lineOf = ({ placesIn, value, start }: ParsedValue, { at }: NamedImage): number =>
  placesIn(value, start)(at).line;

/** The images of kustomizations and of values in one text, and the paths of `--values-image` that led to one. */
export const documentImages = (
  source: ManifestSource,
  paths: readonly ValuesPath[],
): { readonly images: readonly DocumentImage[]; readonly used: ReadonlySet<ValuesPath> } => {
  const values = readTextValues(source.text);
  const images: DocumentImage[] = [];
  const used = new Set<ValuesPath>();
  for (const [document, parsed] of (values.ok ? values.value : []).entries()) {
    if (!isJsonObject(parsed.value)) continue;
    const found = imagesOf(source, parsed.value, paths);
    for (const image of found.images) images.push({ image, document, line: lineOf(parsed, image) });
    for (const path of found.used) used.add(path);
  }
  return { images, used };
};
