import { X509Certificate } from 'node:crypto';

/** A certificate in DER or PEM. @returns `undefined` when it cannot be read, its key included */
export const readX509Certificate = (content: Buffer | string): X509Certificate | undefined => {
  try {
    const certificate = new X509Certificate(content);
    // The key is read when it is asked for, and that throws for a kind of key that OpenSSL does not know.
    return certificate.publicKey.type === 'public' ? certificate : undefined;
  } catch {
    return undefined;
  }
};
