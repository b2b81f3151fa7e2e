import type { Platform } from '../../core/facts/image-facts.ts';
import { parseDigest } from '../../core/image/digest.ts';
import { isJsonObject, type JsonValue } from '../../core/text/json/json.ts';
import { shown } from '../../core/text/shown-text.ts';
import { ok, type Result } from '../../core/result.ts';
import { foreignSpelling, optionalText } from '../json/json-fields.ts';
import { descriptorFields, platformFields } from '../json/manifest-fields.ts';
import type { Descriptor } from '../ports.ts';
import { invalid, type Unreadable } from '../text/unreadable.ts';

/** A field that a case-blind reader takes for another one than we would. */
export const misspelt = (name: string): Result<never, Unreadable> =>
  invalid(`it holds ${JSON.stringify(shown(name))}, which runtimes read as another field than we would`);

/** Absent when a part is empty: containerd then looks into the config, so nothing may be concluded from it. */
const readPlatform = (value: JsonValue | undefined): Result<Platform | undefined, Unreadable> => {
  if (value === undefined || value === null) return ok(undefined);
  if (!isJsonObject(value)) return invalid('a platform in it is not an object');
  const stranger = foreignSpelling(value, platformFields);
  if (stranger !== undefined) return misspelt(stranger);
  const parts = ['os', 'architecture', 'variant'].map((name) => optionalText(value[name]) ?? '');
  if (parts.includes(false)) return invalid('a platform in it is not made of texts');
  const [os, architecture, variant] = parts as [string, string, string];
  if (os === '' || architecture === '') return ok(undefined);
  return ok(variant === '' ? { os, architecture } : { os, architecture, variant });
};

const isSize = (value: JsonValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** OCI image-spec, "Content Descriptors". `what`: how to call it where it cannot be read. */
export const readDescriptor = (
  value: JsonValue | undefined,
  what: string,
): Result<Descriptor, Unreadable> => {
  if (!isJsonObject(value)) return invalid(`${what} is not a descriptor`);
  const stranger = foreignSpelling(value, descriptorFields);
  if (stranger !== undefined) return misspelt(stranger);
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isSize(size)) {
    return invalid(`${what} lacks a media type, a digest or a size`);
  }
  const parsed = parseDigest(digest);
  if (!parsed.ok) return invalid(`${what}: ${parsed.error}`);
  const platform = readPlatform(value['platform']);
  if (!platform.ok) return platform;
  const descriptor = { mediaType, digest, size };
  return ok(platform.value === undefined ? descriptor : { ...descriptor, platform: platform.value });
};
