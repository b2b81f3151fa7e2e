import { digestOf } from '../content-digest.ts';
import { readJsonObject } from '../json/json-document.ts';
import { fieldNames, holdsField } from '../json/json-fields.ts';

const empty = new TextEncoder().encode('{}');
/** Of the empty object, by each algorithm. OCI image-spec, "Guidance for an Empty Descriptor". */
const emptyDigests: ReadonlySet<string> = new Set(
  (['sha256', 'sha384', 'sha512'] as const).map((algorithm) => digestOf(empty, algorithm)),
);

/** Whether a digest is that of `{}`: nobody has to read it to know. */
export const isEmptyObject = (digest: string): boolean => emptyDigests.has(digest);

/** What an image cannot be without: which machine it is for, and which layers make its files. */
const needed = fieldNames('os', 'architecture', 'rootfs');
const openBrace = 0x7b;
const whiteSpace: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Whether the bytes of a config prove that it is none of an image: no JSON object, or one with none of the fields that
 * an image needs, in any spelling that Go reads. What cannot be read proves nothing: another reader may be able to.
 * Attack: an image that is root, called an artifact by its media types.
 */
export const provesNoImage = (config: Uint8Array): boolean => {
  const first = config.find((byte) => !whiteSpace.has(byte));
  if (first !== openBrace) return true;
  const object = readJsonObject(config);
  return object.ok && !holdsField(object.value, needed);
};
