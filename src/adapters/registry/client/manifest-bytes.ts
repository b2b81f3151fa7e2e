import { shown } from '../../../core/text/shown-text.ts';
import { readManifestDocument, type ManifestDocument } from '../../../core/oci/manifest-document.ts';
import { manifestTypes, shapeOfType } from '../../../core/oci/media-types.ts';
import { fail, type Result } from '../../../core/result.ts';

/** All types that the gate reads, so that no registry converts a manifest (distribution converts to schema 1). */
export const manifestAccept = [...manifestTypes.image, ...manifestTypes.index].join(', ');

/** Largest manifest or index that is read: the limit that registries set (distribution-spec, "Pushing Manifests"). */
export const maxManifestBytes = 4 * 1024 * 1024;

/** Types that say nothing about the bytes. */
const plainTypes: ReadonlySet<string> = new Set([
  'application/json',
  'application/octet-stream',
  'text/plain',
]);

/** How the header and the bytes disagree (CVE-2021-41190). */
const whyHeaderDisagrees = (
  header: string | undefined,
  { shape, mediaType, isSilent }: ManifestDocument,
): string | undefined => {
  const named = header?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (named === '' || named === mediaType || plainTypes.has(named)) return undefined;
  if (isSilent && shapeOfType(named) === shape) return undefined;
  return `its Content-Type ${shown(named)} and its bytes (${mediaType}) disagree (CVE-2021-41190)`;
};

/**
 * Reads the bytes of a manifest or an index. The media type is in the bytes; a header that disagrees is refused.
 * @param contentType - the header `Content-Type`, if there was one
 * @returns the error completes `the manifest cannot be read:`
 */
export const readManifestBytes = (
  bytes: Uint8Array,
  contentType: string | undefined,
): Result<ManifestDocument, string> => {
  const document = readManifestDocument(bytes);
  if (!document.ok) return fail(document.error.why);
  const why = whyHeaderDisagrees(contentType, document.value);
  return why === undefined ? document : fail(why);
};
