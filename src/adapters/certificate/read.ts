import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { pemCertificates } from '../../core/text/pem.ts';
import { fail, ok, type Result } from '../../core/result.ts';

/** The certificates of a PEM text, in order. No certificate, or one that cannot be read, is an error. */
export const readCertificates = (pem: string): Result<readonly X509Certificate[], string> => {
  const { blocks, isCut } = pemCertificates(pem);
  if (blocks.length === 0) return fail('holds no certificate in PEM form');
  try {
    if (!isCut) return ok(blocks.map((text) => new X509Certificate(text)));
  } catch {
    // Reported below.
  }
  return fail('holds a certificate that cannot be read');
};

export const readKey = (pem: string): Result<KeyObject, string> => {
  try {
    return ok(createPrivateKey(pem));
  } catch {
    return fail('holds no private key in PEM form that can be read');
  }
};

/** Milliseconds since 1970. */
export const startOf = (certificate: X509Certificate): number => Date.parse(certificate.validFrom);
export const notAfter = (certificate: X509Certificate): number => Date.parse(certificate.validTo);

/** Whether the certificate names all of these; wildcards do not count, we never issue them. */
export const covers = (certificate: X509Certificate, names: readonly string[]): boolean =>
  names.every((name) =>
    isIP(name) === 0
      ? certificate.checkHost(name, { subject: 'never', wildcards: false }) !== undefined
      : certificate.checkIP(name) !== undefined,
  );

/** Whether `issuer` signed `certificate`: name, key identifier and signature. */
export const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

/** Line ends as in files, whatever the source. */
export const pemOf = (certificates: readonly X509Certificate[]): string =>
  certificates.map((certificate) => `${certificate.toString().trim()}\n`).join('');
