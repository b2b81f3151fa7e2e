import { createCa, issueLeaf } from '../../../src/adapters/certificate/issue.ts';

export interface RegistryCertificate {
  /** PEM of the authority: what a client must trust. Each call makes another one. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Callers without a certificate of this authority are turned away. */
  readonly clientCa?: string;
}
export interface RegistryCertificateOptions {
  /** DNS names and addresses; those of loopback unless told. */
  readonly names?: readonly string[];
  readonly expired?: boolean;
}

const day = 24 * 60 * 60 * 1000;

/** A serving certificate of an authority of its own, which nobody trusts yet. */
export const makeRegistryCertificate = async (
  options: RegistryCertificateOptions = {},
): Promise<RegistryCertificate> => {
  const { names = ['127.0.0.1', '::1', 'localhost'], expired = false } = options;
  const clock = { now: () => Date.now() - (expired ? 30 * day : 0) };
  const ca = await createCa(clock);
  const { cert, key } = await issueLeaf(ca, names, clock, { days: 7 });
  return { ca: ca.cert, cert: cert + ca.cert, key };
};
