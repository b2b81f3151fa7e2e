import type { JsonObject, JsonValue } from '../../core/text/json/json.ts';
import { isJsonObject } from '../../core/text/json/json.ts';
import { openImage } from './named-image.ts';
import type { NamedImage } from './named-image.ts';

const textOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

const imageOf = (entry: JsonObject, index: number): NamedImage => {
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
export const kustomizationImages = ({ images }: JsonObject): readonly NamedImage[] =>
  (Array.isArray(images) ? (images as readonly JsonValue[]) : []).flatMap((entry, index) =>
    isJsonObject(entry) ? [imageOf(entry, index)] : [],
  );
