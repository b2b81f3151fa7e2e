import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { readTime } from '../../core/oci/time.ts';
import { bytesOfBase64 } from '../../core/text/base64.ts';
import { readX509Certificate } from './x509-certificate.ts';

/** Bytes of one certificate or key. A certificate with many names has 4 KiB. */
const maxBytes = 16 * 1024;
const maxCertificates = 8;

/** Other readers pass over stray characters, each in its own way. */
const bytes = z
  .string()
  .min(1, { abort: true })
  .max(Math.ceil(maxBytes / 3) * 4, { abort: true })
  .transform((text, context): Buffer => {
    const read = bytesOfBase64(text);
    if (read === undefined) context.addIssue({ code: 'custom', message: 'is not base64' });
    return Buffer.from(read ?? []);
  });

const time = z.string().transform((text, context): number => {
  const read = readTime(text);
  if (read === undefined)
    context.addIssue({ code: 'custom', message: 'is no time of RFC 3339, such as 2026-01-31T00:00:00Z' });
  return read ?? 0;
});

export const validityPeriod = z
  .strictObject({ start: time, end: time.exactOptional() })
  .refine(({ start, end }) => end === undefined || start <= end, { message: 'ends before it starts' });

/** The id of a log: a sha256, or the four bytes that a checkpoint shows of one. */
export const logId = z.strictObject({
  keyId: bytes.refine(({ length }) => length === 32 || length === 4, {
    message: 'must be 32 or 4 bytes in base64; a hash in hexadecimal digits is none of them',
  }),
});

interface KeyForm {
  readonly encoding: 'spki' | 'pkcs1';
  readonly type: 'rsa' | 'ec' | 'ed25519';
  /** Of an elliptic curve. */
  readonly curve?: string;
  /** Bits of an RSA key. */
  readonly bits?: number;
}

const rsa = (bits?: number): KeyForm => ({
  encoding: 'spki',
  type: 'rsa',
  ...(bits === undefined ? {} : { bits }),
});
const ec = (curve: string): KeyForm => ({ encoding: 'spki', type: 'ec', curve });

/** The kinds of keys that logs have, as Sigstore names them. */
const keyForms = {
  PKIX_ECDSA_P256_SHA_256: ec('prime256v1'),
  PKIX_ECDSA_P384_SHA_384: ec('secp384r1'),
  PKIX_ECDSA_P384_SHA_256: ec('secp384r1'),
  PKIX_ECDSA_P521_SHA_512: ec('secp521r1'),
  PKIX_ECDSA_P521_SHA_256: ec('secp521r1'),
  PKIX_ED25519: { encoding: 'spki', type: 'ed25519' },
  PKIX_RSA_PKCS1V15_2048_SHA256: rsa(2048),
  PKIX_RSA_PKCS1V15_3072_SHA256: rsa(3072),
  PKIX_RSA_PKCS1V15_4096_SHA256: rsa(4096),
  PKIX_RSA_PKCS1V5: rsa(),
  PKCS1_RSA_PKCS1V5: { encoding: 'pkcs1', type: 'rsa' },
} as const satisfies Readonly<Record<string, KeyForm>>;

export type KeyDetails = keyof typeof keyForms;
const keyDetails = Object.keys(keyForms) as [KeyDetails, ...KeyDetails[]];

const minRsaBits = 2048;

/** @returns what the key is instead, in words */
const whyOtherKey = (key: KeyObject, { type, curve, bits }: KeyForm): string | undefined => {
  const { asymmetricKeyType: is, asymmetricKeyDetails: details } = key;
  if (is !== type) return `is a key of the kind ${String(is)}`;
  if (curve !== undefined && details?.namedCurve !== curve)
    return `is a key of the curve ${String(details?.namedCurve)}`;
  const length = details?.modulusLength ?? 0;
  if (bits !== undefined && length !== bits) return `has ${length} bits`;
  return type === 'rsa' && length < minRsaBits
    ? `has ${length} bits, and ${minRsaBits} are the least`
    : undefined;
};

const keyFrom = (der: Buffer, { encoding }: KeyForm): KeyObject | undefined => {
  try {
    const key = createPublicKey({ key: der, format: 'der', type: encoding });
    // OpenSSL passes over what stands behind the key. The form pkcs1 is the last part of the form spki.
    const spki = key.export({ format: 'der', type: 'spki' });
    const same = encoding === 'spki' ? spki : spki.subarray(-der.length);
    return same.equals(der) ? key : undefined;
  } catch {
    return undefined;
  }
};

export const logKey = z
  .strictObject({ rawBytes: bytes, keyDetails: z.enum(keyDetails), validFor: validityPeriod })
  .transform(({ rawBytes, keyDetails, validFor }, context) => {
    const form = keyForms[keyDetails];
    const key = keyFrom(rawBytes, form);
    const why = key === undefined ? 'is no public key in DER' : whyOtherKey(key, form);
    if (key !== undefined && why === undefined) return { key, keyDetails, validFor };
    context.addIssue({
      code: 'custom',
      path: ['rawBytes'],
      message: `${why ?? ''}; keyDetails say ${keyDetails}`,
    });
    return z.NEVER;
  });

const certificate = z.strictObject({ rawBytes: bytes }).transform(({ rawBytes }, context) => {
  const read = readX509Certificate(rawBytes);
  // The reader takes PEM too, and passes over what stands behind the certificate.
  if (read !== undefined && read.raw.equals(rawBytes)) return read;
  context.addIssue({
    code: 'custom',
    path: ['rawBytes'],
    message: 'is no certificate in DER that can be read',
  });
  return z.NEVER;
});

/** Whether `issuer` signed it: name, key identifier, key usage and signature. */
const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean => {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // A signature of an algorithm that OpenSSL does not know.
    return false;
  }
};

/** @param mayBeginWithSigner the first certificate may be one that signs, and not a CA */
export const certificateChain = (mayBeginWithSigner: boolean) =>
  z.strictObject({
    certificates: z
      .array(certificate)
      .min(1)
      .max(maxCertificates)
      .superRefine((chain, context) => {
        chain.forEach((one, index) => {
          const next = chain[index + 1];
          const mayBeSigner = mayBeginWithSigner && index === 0 && next !== undefined;
          const message =
            one.ca || mayBeSigner
              ? `is not issued by the certificate behind it, ${index + 1}: the chain is incomplete or in another order`
              : 'is no certificate of a CA: its basic constraints do not say so';
          const isGood = (one.ca || mayBeSigner) && (next === undefined || isIssuedBy(one, next));
          if (!isGood) context.addIssue({ code: 'custom', path: [index], message });
        });
      }),
  });
