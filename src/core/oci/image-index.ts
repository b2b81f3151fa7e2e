import { isJsonObject, type JsonObject, type JsonValue } from '../text/json/json.ts';
import { invalidBytes, tooMuch, type Unreadable } from '../text/unreadable.ts';
import { ok, type Result } from '../result.ts';
import { readDescriptor, type Descriptor } from './descriptor.ts';
import type { OciLimits } from './limits.ts';
import { isNoPlatform } from './platform.ts';
import { createdOf } from './time.ts';

/** An entry of an index. */
export interface IndexEntry extends Descriptor {
  /** Its platform, letter by letter: where two are equal, every runtime sees them alike. Absent: none is written. */
  readonly spelling?: string;
  /** Its annotation, milliseconds since 1970. */
  readonly created?: number;
}
/** OCI image-spec, "Image Index Specification"; a Docker manifest list has the same fields. */
export interface ImageIndex {
  readonly kind: 'index';
  /** The images that may run; attachments (`unknown/unknown`) are left out. */
  readonly children: readonly IndexEntry[];
  /** Its annotation, milliseconds since 1970. */
  readonly created?: number;
}

/** All fields by which a runtime distinguishes platforms, as written, in one text. */
const spellingOf = (platform: JsonValue | undefined): { readonly spelling?: string } => {
  if (!isJsonObject(platform)) return {};
  const fields = ['os', 'architecture', 'variant', 'os.version', 'os.features'];
  return { spelling: JSON.stringify(fields.map((name) => platform[name] ?? null)) };
};

const readEntry = (value: JsonValue): Result<IndexEntry, Unreadable> => {
  const entry = readDescriptor(value, 'an image of the index');
  if (!entry.ok || !isJsonObject(value)) return entry;
  return ok({ ...entry.value, ...spellingOf(value['platform']), ...createdOf(value['annotations']) });
};

/** Reads what {@link readManifestDocument} has found to be an index. */
export const readIndex = (manifest: JsonObject, limits: OciLimits): Result<ImageIndex, Unreadable> => {
  const list = manifest['manifests'];
  if (!Array.isArray(list)) return invalidBytes('it is an index without a list of images');
  const children: IndexEntry[] = [];
  for (const entry of list) {
    const child = readEntry(entry);
    if (!child.ok) return child;
    if (child.value.platform !== undefined && isNoPlatform(child.value.platform)) continue;
    children.push(child.value);
    if (children.length > limits.indexChildren) {
      return tooMuch(`it is an index of more than ${limits.indexChildren} images`);
    }
  }
  return ok({ kind: 'index', children, ...createdOf(manifest['annotations']) });
};
