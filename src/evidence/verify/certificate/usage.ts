import { booleanOf, integerOf, oidOf } from '../der/der-values.ts';
import { derTag } from '../../../core/text/der.ts';
import { readDer, sequenceOf, tagged } from '../der/der.ts';
import type { Certificate } from './certificate.ts';

const oid = {
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** Extensions that may be critical, because what they ask is looked at, or restricts nothing here. */
const known: ReadonlySet<string> = new Set([
  oid.keyUsage,
  oid.basicConstraints,
  oid.extendedKeyUsage,
  '2.5.29.14', // subject key identifier
  '2.5.29.17', // subject alternative name
  '2.5.29.32', // certificate policies
  '2.5.29.35', // authority key identifier
]);

export const codeSigning = '1.3.6.1.5.5.7.3.3';
export const timeStamping = '1.3.6.1.5.5.7.3.8';
const anyPurpose = '2.5.29.37.0';

/** Bits of the key usage, counted from the most significant one. */
const keyUsageBit = { digitalSignature: 0, keyCertSign: 5 } as const;

/** Whether the certificate may be used so. Without the extension it may be used for everything. */
const mayUse = ({ extensions }: Certificate, use: keyof typeof keyUsageBit): boolean => {
  const extension = extensions.get(oid.keyUsage);
  if (extension === undefined) return true;
  const bits = tagged(readDer(extension.value), derTag.bitString)?.content;
  // The first byte says how many bits of the last one do not count; those are zero in DER.
  return ((bits?.[1] ?? 0) & (0x80 >> keyUsageBit[use])) !== 0;
};

/** @returns none where the certificate has no such extension; empty where it cannot be read */
export const purposesOf = ({ extensions }: Certificate): readonly string[] | undefined => {
  const extension = extensions.get(oid.extendedKeyUsage);
  if (extension === undefined) return undefined;
  return (sequenceOf(readDer(extension.value)) ?? []).map((element) => oidOf(element) ?? '');
};
export const isPurposeCritical = ({ extensions }: Certificate): boolean =>
  extensions.get(oid.extendedKeyUsage)?.critical === true;

interface BasicConstraints {
  readonly isCa: boolean;
  /** How many CAs may stand between this one and the leaf. */
  readonly pathLength: number;
}

/** @returns none where they cannot be read */
const basicConstraintsOf = ({ extensions }: Certificate): BasicConstraints | undefined => {
  const extension = extensions.get(oid.basicConstraints);
  if (extension === undefined) return { isCa: false, pathLength: 0 };
  const fields = sequenceOf(readDer(extension.value));
  if (fields === undefined || fields.length > 2) return undefined;
  if (fields.length === 0) return { isCa: false, pathLength: 0 };
  const isCa = booleanOf(fields[0]);
  const pathLength = fields.length === 2 ? integerOf(fields[1]) : Infinity;
  return isCa === undefined || pathLength === undefined ? undefined : { isCa, pathLength };
};

/**
 * Why nothing that this certificate says may count: it asks for something that is not looked at (G10). Name constraints
 * refuse wherever they stand: whoever wrote them wanted names to be compared.
 */
const whyUnreadable = (certificate: Certificate): string | undefined => {
  if (certificate.extensions.has(oid.nameConstraints)) return 'has name constraints, which are not judged';
  for (const [id, { critical }] of certificate.extensions)
    if (critical && !known.has(id)) return `has the critical extension ${id}, which is not known`;
  return undefined;
};

/** @returns why the certificate may not sign, in words that follow its name */
export const whyNoSigner = (leaf: Certificate, purpose: string): string | undefined => {
  const constraints = basicConstraintsOf(leaf);
  if (constraints === undefined || constraints.isCa) return 'is one of a CA';
  if (!mayUse(leaf, 'digitalSignature')) return 'may not be used for signatures';
  if (purposesOf(leaf)?.includes(purpose) !== true) return `is not for ${purposeName(purpose)}`;
  return whyUnreadable(leaf);
};

const purposeName = (purpose: string): string => (purpose === codeSigning ? 'code signing' : 'time stamping');

/**
 * @param below how many CAs stand between it and the leaf
 * @returns why the certificate may not issue what stands below, in words that follow its name
 */
export const whyNoIssuer = (issuer: Certificate, below: number, purpose: string): string | undefined => {
  const constraints = basicConstraintsOf(issuer);
  if (constraints?.isCa !== true) return 'is not one of a CA';
  if (constraints.pathLength < below) return 'has more certificates below it than it allows';
  if (!mayUse(issuer, 'keyCertSign')) return 'may not issue certificates';
  const purposes = purposesOf(issuer);
  if (purposes !== undefined && !purposes.includes(purpose) && !purposes.includes(anyPurpose))
    return `issues nothing for ${purposeName(purpose)}`;
  return whyUnreadable(issuer);
};
