import * as z from 'zod';
import type { DigestAlgorithm } from '../../../core/image/digest.ts';
import { shownName } from '../../../core/text/shown-text.ts';
import { readAnyBase64 } from '../signature/base64.ts';

/** Bytes as the JSON of protocol buffers and DSSE write them; never none. */
export const base64Field = z.string().transform((text, context): Uint8Array => {
  const bytes = readAnyBase64(text);
  if (bytes !== undefined && bytes.length > 0) return bytes;
  context.addIssue('is not base64');
  return z.NEVER;
});

/** The first field of a document that is not as its format asks, in words that follow "has". */
export const firstIssue = ({ issues: [issue] }: z.ZodError): string => {
  const path = (issue?.path ?? []).map(String).join('.');
  return `no valid ${path === '' ? 'content' : shownName(path)}`;
};

/** Hashes by their name in the JSON of Sigstore. */
export const hashNames: Readonly<Record<string, DigestAlgorithm>> = {
  SHA2_256: 'sha256',
  SHA2_384: 'sha384',
  SHA2_512: 'sha512',
};
