import type { Digest } from '../image/digest.ts';
import { fieldNames, holdsField } from '../text/json/field-names.ts';
import { readJsonObject } from '../text/json/json-document.ts';

/** Digests of `{}`, by each algorithm. OCI image-spec, "Guidance for an Empty Descriptor". */
const emptyDigests: ReadonlySet<string> = new Set([
  'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  'sha384:d2a23bc783e3aa38f401e13c7488505137c4954a7fd88331f1597c5ff71111dc807c7370a5b282c6da541c56ede69f30',
  'sha512:27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd',
]);

/** Whether a digest is that of `{}`, so that its content is known without a read. */
export const isEmptyObject = (digest: Digest): boolean => emptyDigests.has(digest);

/** What an image cannot be without: which machine it is for, and which layers make its files. */
const needed = fieldNames('os', 'architecture', 'rootfs');
const openBrace = 0x7b;
const whiteSpace: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Whether the bytes of a config prove that it belongs to no image: they are no JSON object, or an object without any
 * field of an image config in any spelling that Go reads. Bytes that cannot be read prove nothing: another reader may
 * be able to read them. Attack: an image that runs as root, called an artifact by its media types.
 */
export const provesNoImage = (config: Uint8Array): boolean => {
  const first = config.find((byte) => !whiteSpace.has(byte));
  if (first !== openBrace) return true;
  const object = readJsonObject(config);
  return object.ok && !holdsField(object.value, needed);
};
