import { isSameBytes, type Certificate } from './certificate.ts';
import { signatureSchemeOf } from '../signature/signature-scheme.ts';
import { whyNoIssuer, whyNoSigner } from './usage.ts';

/** From the leaf to the anchor. */
export type Chain = readonly Certificate[];

/** The longest chain, both ends counted. */
const maxChain = 8;
/** How many signatures of certificates are verified for one leaf: certificates that all issue each other make many chains. */
const maxSteps = 64;

const isSelf = (a: Certificate, b: Certificate): boolean => isSameBytes(a.der, b.der);

/** With SHA-2. Attack: a certificate of one's own that has the same SHA-1 as one that a CA has signed. */
const strongAlgorithms: ReadonlySet<string> = new Set([
  '1.2.840.10045.4.3.2', // ECDSA with SHA-256, SHA-384, SHA-512
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
  '1.2.840.113549.1.1.10', // RSA-PSS, whose parameters name the hash
  '1.2.840.113549.1.1.11', // RSA with SHA-256, SHA-384, SHA-512
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.3.101.112', // Ed25519
]);

const checkIssuer = (certificate: Certificate, issuer: Certificate): boolean => {
  if (!strongAlgorithms.has(certificate.signatureAlgorithm)) return false;
  // OpenSSL takes RSA-PSS with SHA-1 too, which is what parameters say that say nothing.
  const [, , algorithm] = certificate.tbsFields;
  if (signatureSchemeOf(algorithm, 'sha256') === undefined) return false;
  try {
    return certificate.x509.verify(issuer.key);
  } catch {
    return false;
  }
};

/** By the certificate, and then by its issuer. What is not referred to any more is forgotten. */
const verified = new WeakMap<Certificate, WeakMap<Certificate, boolean>>();

/** The certificates of a trust root stay the same, and each candidate leads to them: their signatures are verified once. */
const isIssuedBy = (certificate: Certificate, issuer: Certificate): boolean => {
  const before = verified.get(certificate) ?? new WeakMap<Certificate, boolean>();
  const isIssued = before.get(issuer) ?? checkIssuer(certificate, issuer);
  verified.set(certificate, before.set(issuer, isIssued));
  return isIssued;
};

/**
 * The chains by which a leaf is issued by an anchor.
 * @param between certificates that may stand between them. A candidate brings some itself: nothing is believed of them but
 *   what an anchor signed
 */
export const chainsTo = (
  leaf: Certificate,
  between: readonly Certificate[],
  anchors: readonly Certificate[],
): readonly Chain[] => {
  const chains: Chain[] = [];
  let steps = 0;
  const climb = (path: Chain): void => {
    const last = path.at(-1) as Certificate;
    const issuers = [
      ...anchors.map((certificate) => ({ certificate, isAnchor: true })),
      ...between.map((certificate) => ({ certificate, isAnchor: false })),
    ];
    for (const { certificate, isAnchor } of issuers) {
      if (path.some((one) => isSelf(one, certificate))) continue;
      if (!isSameBytes(last.issuer, certificate.subject) || ++steps > maxSteps) continue;
      if (!isIssuedBy(last, certificate)) continue;
      if (isAnchor) chains.push([...path, certificate]);
      else if (path.length < maxChain - 1) climb([...path, certificate]);
    }
  };
  climb([leaf]);
  return chains;
};

/** @returns why the certificates of a chain may not be used so, whatever the time is */
export const whyUnusable = (chain: Chain, purpose: string): string | undefined => {
  const [leaf, ...issuers] = chain;
  const why = leaf && whyNoSigner(leaf, purpose);
  if (why !== undefined) return `the certificate ${why}`;
  for (const [below, issuer] of issuers.entries()) {
    const whyNot = whyNoIssuer(issuer, below, purpose);
    if (whyNot !== undefined) return `a certificate above it ${whyNot}`;
  }
  return undefined;
};

/** When all certificates of a chain are valid: not empty only if `from` is not after `until`. Both ends count. */
export const validityOf = (chain: Chain): { readonly from: number; readonly until: number } => ({
  from: Math.max(...chain.map(({ notBefore }) => notBefore)),
  until: Math.min(...chain.map(({ notAfter }) => notAfter)),
});
