import { fail, ok, type Result } from '../result.ts';
import { bytesOfBase64 } from './base64.ts';
import { derContent, derSequence, derTag, derValues, hexOfBytes, type DerValue } from './der.ts';

const noBytes = new Uint8Array();
const begin = '-----BEGIN PUBLIC KEY-----';
const end = '-----END PUBLIC KEY-----';
const howToRead = '`cosign public-key` or `openssl pkey -pubout` prints one';

/** PEM blocks that people paste in its place, and what to say of each. */
const otherBlocks: readonly (readonly [string, string])[] = [
  [
    'PRIVATE KEY-----',
    `this is a private key: take it out, and replace the key if others have read it; ${howToRead}`,
  ],
  ['BEGIN CERTIFICATE-----', 'this is a certificate; `openssl x509 -pubkey -noout` prints its key'],
  [
    'BEGIN RSA PUBLIC KEY-----',
    'this is a key in PKCS #1; `openssl rsa -RSAPublicKey_in -pubout` converts it',
  ],
];

/** Base64 between the lines of one block, and nothing around it. */
const bodyOf = (pem: string): Result<string, string> => {
  const text = pem.trim();
  const other = otherBlocks.find(([mark]) => text.includes(mark));
  if (other !== undefined) return fail(other[1]);
  if (!text.startsWith(begin) || !text.endsWith(end) || text.length < begin.length + end.length)
    return fail(`must be a PEM block of type PUBLIC KEY and nothing else; ${howToRead}`);
  const body = text.slice(begin.length, -end.length);
  if (body.includes('-')) return fail('holds more than one PEM block: write one authority for each key');
  return ok(body.replaceAll(/\s/g, ''));
};

/** Curves by the encoding of their object identifier, with the bytes of a point that is not compressed. */
const curves: Readonly<Record<string, number>> = {
  '2a8648ce3d030107': 65,
  '2b81040022': 97,
  '2b81040023': 133,
};
const minRsaBits = 2048;
const maxRsaBits = 8192;

const ecProblem = (curve: DerValue | undefined, point: Uint8Array): string | undefined => {
  const length = curves[hexOfBytes(derContent(curve, derTag.oid) ?? noBytes)];
  if (length === undefined)
    return 'is on a curve that is not supported; supported are P-256, P-384 and P-521';
  return point.length === length && point[0] === 4 ? undefined : 'its point is not written in full';
};

/** Bits of an integer that is not negative; 0 when it is none. */
const bitsOf = (integer: Uint8Array = noBytes): number => {
  const start = integer.findIndex((byte) => byte !== 0);
  const top = integer[start];
  return top === undefined ? 0 : (integer.length - start) * 8 - Math.clz32(top) + 24;
};

const rsaProblem = (key: Uint8Array): string | undefined => {
  const [modulus, exponent] = derSequence(key);
  const bits = bitsOf(derContent(modulus, derTag.integer));
  if (bitsOf(derContent(exponent, derTag.integer)) === 0) return 'is no RSA key';
  return bits >= minRsaBits && bits <= maxRsaBits
    ? undefined
    : `has ${String(bits)} bits; RSA keys have ${String(minRsaBits)} to ${String(maxRsaBits)}`;
};

/** What is wrong with a key, by the encoding of the object identifier of its kind. */
const problems: Readonly<
  Record<string, (parameters: DerValue | undefined, key: Uint8Array) => string | undefined>
> = {
  '2a8648ce3d0201': ecProblem,
  '2a864886f70d010101': (_, key) => rsaProblem(key),
  '2a864886f70d01010a': (_, key) => rsaProblem(key),
  '2b6570': (_, key) => (key.length === 32 ? undefined : 'is no Ed25519 key'),
};

/** SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { OID, parameters }, BIT STRING } (RFC 5280, section 4.1). */
const problemOf = (der: Uint8Array): string | undefined => {
  const parts = derSequence(der);
  const [kind, parameters] = derValues(derContent(parts[0], derTag.sequence) ?? noBytes) ?? [];
  const oid = derContent(kind, derTag.oid);
  const bits = derContent(parts[1], derTag.bitString);
  // The first byte says how many bits of the last one do not count.
  if (parts.length !== 2 || oid === undefined || bits?.[0] !== 0)
    return 'is no public key: what the block holds is no SubjectPublicKeyInfo';
  const problem = problems[hexOfBytes(oid)];
  return problem === undefined
    ? 'is of a kind that is not supported; supported are ECDSA, RSA and Ed25519'
    : problem(parameters, bits.subarray(1));
};

/**
 * Reads a PEM block of type PUBLIC KEY (RFC 7468, section 13). A problem never quotes what it reads: it may be a private
 * key.
 * @returns base64 of its DER SubjectPublicKeyInfo: equal for equal keys
 */
export const readPublicKey = (pem: string): Result<string, string> => {
  const body = bodyOf(pem);
  if (!body.ok) return body;
  const der = bytesOfBase64(body.value);
  if (der === undefined || der.length === 0) return fail('is no public key: its base64 cannot be read');
  const problem = problemOf(der);
  return problem === undefined ? ok(body.value) : fail(problem);
};
