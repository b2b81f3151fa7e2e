import { parseDigest, type Digest } from '../image/digest.ts';
import { fail, ok, type Result } from '../result.ts';
import { optionalText } from '../text/json/field-names.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../text/json/json.ts';
import { invalidBytes, type Unreadable } from '../text/unreadable.ts';
import { whyMisspelled } from './manifest-document.ts';
import type { Platform } from './platform.ts';

/** OCI image-spec, "Content Descriptors", as far as it is read. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
}

/** Absent when a part is empty: containerd then looks into the config, so nothing may be concluded from it. */
const readPlatform = (value: JsonValue | undefined): Result<Platform | undefined, Unreadable> => {
  if (value === undefined || value === null) return ok(undefined);
  if (!isJsonObject(value)) return invalidBytes('a platform in it is not an object');
  const parts = ['os', 'architecture', 'variant'].map((name) => optionalText(value[name]) ?? '');
  if (parts.includes(false)) return invalidBytes('a platform in it is not made of texts');
  const [os, architecture, variant] = parts as [string, string, string];
  if (os === '' || architecture === '') return ok(undefined);
  return ok(variant === '' ? { os, architecture } : { os, architecture, variant });
};

const isSize = (value: JsonValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** Digest and size of content, which every descriptor must have. */
const readAddress = (
  value: JsonValue | undefined,
  what: string,
): Result<
  Pick<Descriptor, 'mediaType' | 'digest' | 'size'> & { readonly fields: JsonObject },
  Unreadable
> => {
  if (!isJsonObject(value)) return invalidBytes(`${what} is not a descriptor`);
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isSize(size)) {
    return invalidBytes(`${what} lacks a media type, a digest or a size`);
  }
  const parsed = parseDigest(digest);
  return parsed.ok
    ? ok({ mediaType, digest: parsed.value, size, fields: value })
    : invalidBytes(`${what}: ${parsed.error}`);
};

/** A descriptor of a manifest or an index. `what`: how to call it where it cannot be read. */
export const readDescriptor = (
  value: JsonValue | undefined,
  what: string,
): Result<Descriptor, Unreadable> => {
  const address = readAddress(value, what);
  if (!address.ok) return address;
  const { fields, ...descriptor } = address.value;
  const platform = readPlatform(fields['platform']);
  if (!platform.ok) return platform;
  return ok(platform.value === undefined ? descriptor : { ...descriptor, platform: platform.value });
};

// RFC 6838, section 4.2: type and subtype have at most 127 characters each.
const mediaTypePattern = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;
/** Annotations are hints; more than this is no hint. In keys and UTF-16 units. */
const maxAnnotations = 64;
const maxAnnotationText = 8192;
const maxWord = 128;

const isMediaType = (value: JsonValue | undefined): value is string =>
  typeof value === 'string' && mediaTypePattern.test(value);

const annotationsHint = (value: JsonValue | undefined): Descriptor['annotations'] => {
  if (!isJsonObject(value)) return undefined;
  const entries = Object.entries(value);
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const length = texts.reduce((sum, [key, text]) => sum + key.length + text.length, 0);
  const fits =
    texts.length === entries.length && entries.length <= maxAnnotations && length <= maxAnnotationText;
  return fits ? Object.fromEntries(texts) : undefined;
};

const platformHint = (value: JsonValue | undefined): Platform | undefined => {
  const platform = readPlatform(value);
  if (!platform.ok || platform.value === undefined) return undefined;
  const { os, architecture, variant = '' } = platform.value;
  if (Math.max(os.length, architecture.length) > maxWord) return undefined;
  return variant === '' || variant.length > maxWord ? { os, architecture } : platform.value;
};

/**
 * One entry of a list of referrers. `undefined` when it names nothing that can be fetched (no digest, no size, no
 * media type), so that it is no evidence for anything. Annotations, platform and artifactType are hints, and left out
 * when they are not as the specification says.
 */
const readReferrer = (value: JsonValue): Descriptor | undefined => {
  const address = readAddress(value, 'a referrer');
  if (!address.ok || !isMediaType(address.value.mediaType)) return undefined;
  const { fields, ...descriptor } = address.value;
  const { artifactType } = fields;
  const annotations = annotationsHint(fields['annotations']);
  const platform = platformHint(fields['platform']);
  return {
    ...descriptor,
    ...(isMediaType(artifactType) && { artifactType }),
    ...(annotations && { annotations }),
    ...(platform && { platform }),
  };
};

/** The entries of a list of referrers that can be fetched. Entries that name nothing are left out. */
export const readReferrers = (index: JsonObject): Result<readonly Descriptor[], string> => {
  const misspelt = whyMisspelled(index);
  if (misspelt !== undefined) return fail(misspelt);
  const { manifests } = index;
  // Go writes an empty list as null.
  if (manifests === null) return ok([]);
  if (!Array.isArray(manifests)) return fail('it is not an index');
  const read = (manifests as readonly JsonValue[]).map(readReferrer);
  return ok(read.filter((descriptor) => descriptor !== undefined));
};
