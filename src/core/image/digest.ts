import { fail, ok, type Result } from '../result.ts';
import { isDigestAlgorithm } from './grammar.ts';

export type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512';

declare const parsed: unique symbol;
/**
 * Content address of an image: `sha256:…`, a text that {@link parseDigest} has read or that was computed from bytes. The
 * hex is lower case and has the length of its algorithm, so equal digests are equal texts.
 */
export type Digest = string & { readonly [parsed]: 'digest' };

/** The algorithms that go-digest registers, so those a container runtime accepts. */
const hexLength: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha384: 96, sha512: 128 };
const registeredAlgorithms = Object.keys(hexLength).join(', ');
const notLowerHex = /[^0-9a-f]/;
const notHex = /[^0-9a-fA-F]/;

const isRegistered = (name: string): name is DigestAlgorithm => Object.hasOwn(hexLength, name);

const whyAlgorithm = (name: string): string => {
  if (!isDigestAlgorithm(name)) return 'the digest does not start with an algorithm such as sha256:';
  if (isRegistered(name.toLowerCase())) return 'the digest algorithm must be lower case';
  return `the digest algorithm is not supported; supported are ${registeredAlgorithms}`;
};

const whyHex = (algorithm: DigestAlgorithm, hex: string): string => {
  if (notHex.test(hex)) return 'the digest holds something other than hexadecimal digits';
  const wanted = hexLength[algorithm];
  if (hex.length !== wanted) return `${algorithm} has ${wanted} hexadecimal digits, here are ${hex.length}`;
  return 'the hexadecimal digits of a digest must be lower case';
};

/**
 * Reads `sha256:<64 hex>`, `sha384:<96 hex>` or `sha512:<128 hex>`; the error says why it is none of them.
 * @see OCI image-spec, "Registered Algorithms"
 * @example
 * algorithmOf(parseDigest(`sha256:${'0'.repeat(64)}`).value) // 'sha256'
 * parseDigest('sha256:0').ok // false
 */
export const parseDigest = (text: string): Result<Digest, string> => {
  const colon = text.indexOf(':');
  if (colon < 0) return fail('a digest is written algorithm:hex, such as sha256: and 64 digits');
  const algorithm = text.slice(0, colon);
  if (!isRegistered(algorithm)) return fail(whyAlgorithm(algorithm));
  const hex = text.slice(colon + 1);
  if (hex.length !== hexLength[algorithm] || notLowerHex.test(hex)) return fail(whyHex(algorithm, hex));
  return ok(text as Digest);
};

export const algorithmOf = (digest: Digest): DigestAlgorithm =>
  digest.slice(0, digest.indexOf(':')) as DigestAlgorithm;
export const hexOf = (digest: Digest): string => digest.slice(digest.indexOf(':') + 1);
