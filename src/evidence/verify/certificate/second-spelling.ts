import type { Digest } from '../../../core/image/digest.ts';
import { derTag } from '../../../core/text/der.ts';
import { digestOf } from '../../content-digest.ts';
import { derOf, readDer, sequenceOf, tagged } from '../der/der.ts';
import { secondSpelling } from '../signature/signature-id.ts';
import type { Certificate } from './certificate.ts';

/**
 * The sha256 of a certificate with the signature of its issuer in the second spelling. Attack: nobody signs that signature, so
 * whoever sees a certificate that is revoked by its sha256 writes it anew, and has a valid one that nobody revoked.
 * @returns none where it has one spelling
 */
export const respelledDigest = (certificate: Certificate, issuer: Certificate): Digest | undefined => {
  const [signed, algorithm, field] = sequenceOf(readDer(certificate.der)) ?? [];
  const bits = tagged(field, derTag.bitString)?.content;
  if (signed === undefined || algorithm === undefined || bits === undefined) return undefined;
  // The first byte says how many bits of the last one do not count: none.
  const other = secondSpelling(issuer.key, bits.subarray(1));
  if (other === undefined) return undefined;
  const signature = derOf(derTag.bitString, Buffer.of(0), other);
  return digestOf(derOf(derTag.sequence, signed.bytes, algorithm.bytes, signature), 'sha256');
};
