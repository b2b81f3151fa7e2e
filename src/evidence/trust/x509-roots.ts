import type { X509Certificate } from 'node:crypto';
import { fail, ok, type Result } from '../../core/result.ts';
import { pemCertificates } from '../../core/text/pem.ts';
import { readX509Certificate } from './x509-certificate.ts';
import { maxRootsLength } from '../../core/trust-root/schema.ts';

const maxRoots = 64;

/**
 * Reads the anchors of a plain CA: PEM certificates, each with the CA bit. A certificate without it would make its holder,
 * and nobody else, an issuer that no chain accepts.
 * @returns the anchors, or every problem; never throws
 */
export const readX509Roots = (pem: string): Result<readonly X509Certificate[], readonly string[]> => {
  if (pem.length > maxRootsLength) return fail(['is larger than 256 KiB']);
  if (/-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY-----/.test(pem))
    return fail(['holds a private key: whoever may read the object would have it; keep only certificates']);
  const { blocks, isCut } = pemCertificates(pem);
  if (isCut) return fail(['holds a certificate that begins and does not end']);
  if (blocks.length === 0) return fail(['holds no certificate in PEM form']);
  if (blocks.length > maxRoots) return fail([`holds more than ${maxRoots} certificates`]);
  const roots = blocks.map(readX509Certificate);
  const problems = roots.flatMap((root, index) => {
    const which = `certificate ${index + 1}`;
    if (root === undefined) return [`${which} cannot be read`];
    return root.ca ? [] : [`${which} is no certificate of a CA: its basic constraints do not say so`];
  });
  return problems.length > 0 ? fail(problems) : ok(roots.filter((root) => root !== undefined));
};
