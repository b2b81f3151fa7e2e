import { fulcioFields, type CertificateSigner, type FulcioField } from '../../../core/facts/claim.ts';
import { ok, type Result } from '../../../core/result.ts';
import { utf8Of } from '../der/der-values.ts';
import { derTag } from '../../../core/text/der.ts';
import { readDer, tagged } from '../der/der.ts';
import { reject, type Rejection } from '../rejection.ts';
import type { Certificate } from './certificate.ts';

/** Sigstore's branch of object identifiers. */
const branch = '1.3.6.1.4.1.57264.1';
const issuerText = `${branch}.1`;
const issuerUtf8 = `${branch}.8`;
/** The first of the fields is .9, and they are in order. */
const firstField = 9;

/** The text of an extension: none where it is not there. */
const utf8Extension = ({ extensions }: Certificate, oid: string): Result<string | undefined, Rejection> => {
  const extension = extensions.get(oid);
  if (extension === undefined) return ok(undefined);
  const content = tagged(readDer(extension.value), derTag.utf8String)?.content;
  const text = content && utf8Of(content);
  return text === undefined
    ? reject('invalid', `the extension ${oid} of the certificate cannot be read`)
    : ok(text);
};

const issuerOf = (certificate: Certificate): Result<string | undefined, Rejection> => {
  const bare = certificate.extensions.get(issuerText)?.value;
  const issuer = utf8Extension(certificate, issuerUtf8);
  if (bare === undefined || !issuer.ok) return issuer;
  const former = utf8Of(bare);
  if (former === undefined) return reject('invalid', 'the issuer in the certificate cannot be read');
  return issuer.value === undefined || issuer.value === former
    ? ok(former)
    : reject('invalid', 'the certificate names two issuers of its identity');
};

/**
 * Who told Fulcio who the holder is, and what else it said. The issuer stands there twice, as a bare text and in DER: both
 * have to be equal, because other readers take the first one (S5).
 * @see https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
 */
export const fulcioNamesOf = (
  certificate: Certificate,
): Result<Pick<CertificateSigner, 'issuer' | 'fields'>, Rejection> => {
  const issuer = issuerOf(certificate);
  if (!issuer.ok) return issuer;
  const fields: { [Field in FulcioField]?: string } = {};
  for (const [at, field] of fulcioFields.entries()) {
    const text = utf8Extension(certificate, `${branch}.${firstField + at}`);
    if (!text.ok) return text;
    if (text.value !== undefined) fields[field] = text.value;
  }
  return ok({ ...(issuer.value !== undefined && { issuer: issuer.value }), fields });
};
