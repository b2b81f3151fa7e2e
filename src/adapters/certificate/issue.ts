import {
  createHash,
  createPrivateKey,
  createPublicKey,
  KeyObject,
  randomBytes,
  webcrypto,
} from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock } from '../../concurrency/clock.ts';

/** A certificate with its private key, both as PEM. */
export interface KeyedCertificate {
  readonly cert: string;
  readonly key: string;
}

export const day = 24 * 60 * 60 * 1000;
/** Clocks of other machines may be slow. */
const backdated = 5 * 60 * 1000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Loaded only when a certificate has to be made, so a start with a valid leaf does not pay for it. */
const x509Library = async () => {
  await import('reflect-metadata');
  const library = await import('@peculiar/x509');
  library.cryptoProvider.set(webcrypto as never);
  return library;
};

/** 127 random bits, positive (RFC 5280, 4.1.2.2). */
const randomSerial = (): string => {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x01;
  return serial.toString('hex');
};

const validity = (
  clock: Pick<Clock, 'now'>,
  end: number,
): { notBefore: Date; notAfter: Date; serialNumber: string } => ({
  serialNumber: randomSerial(),
  notBefore: new Date(clock.now() - backdated),
  notAfter: new Date(end),
});

const toPem = (key: webcrypto.CryptoKey): string =>
  KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

/** @throws when the text is no private key of the kind that the gate makes */
const importKeys = async (pem: string): Promise<webcrypto.CryptoKeyPair> => {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error('the key is not an ECDSA key on P-256');
  }
  const { subtle } = webcrypto;
  const privateDer = key.export({ type: 'pkcs8', format: 'der' });
  const publicDer = createPublicKey(pem).export({ type: 'spki', format: 'der' });
  return {
    privateKey: await subtle.importKey('pkcs8', privateDer, algorithm, true, ['sign']),
    publicKey: await subtle.importKey('spki', publicDer, algorithm, true, ['verify']),
  };
};

/** Two CAs of one bundle must not share a name, and a CA made again from its key must keep it. */
const caName = (key: webcrypto.CryptoKey): string => {
  const der = KeyObject.from(key).export({ type: 'spki', format: 'der' });
  return `CN=ImageGate CA ${createHash('sha256').update(der).digest('hex').slice(0, 12)}`;
};

interface CaOptions {
  readonly years?: number;
  /** PEM of an existing key for the CA. Certificates that it signed before stay valid. */
  readonly key?: string;
}

/** Makes a self-signed CA: ECDSA P-256, valid ten years, may sign leaves only. */
export const createCa = async (
  clock: Pick<Clock, 'now'>,
  options: CaOptions = {},
): Promise<KeyedCertificate> => {
  const x509 = await x509Library();
  const keys = options.key === undefined ? await newKeys() : await importKeys(options.key);
  const { keyCertSign, cRLSign } = x509.KeyUsageFlags;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(clock, clock.now() + (options.years ?? 10) * 365.25 * day),
    name: caName(keys.publicKey),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: toPem(keys.privateKey) };
};

export interface IssuedLeaf extends KeyedCertificate {
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}
interface LeafOptions {
  readonly days?: number;
}

/**
 * Issues a serving certificate for DNS names and IP addresses. It never outlives its CA.
 * @throws when the key of the CA is not one that `createCa` makes.
 */
export const issueLeaf = async (
  ca: KeyedCertificate,
  names: readonly string[],
  clock: Pick<Clock, 'now'>,
  options: LeafOptions = {},
): Promise<IssuedLeaf> => {
  const x509 = await x509Library();
  const issuer = new x509.X509Certificate(ca.cert);
  const signer = await importKeys(ca.key);
  const keys = await newKeys();
  const end = Math.min(clock.now() + (options.days ?? 90) * day, issuer.notAfter.getTime());
  const alternatives = names.map((value) => ({
    type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
    value,
  }));
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(clock, end),
    subject: 'CN=imagegate',
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: signer.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(alternatives),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: toPem(keys.privateKey),
    expiresAt: certificate.notAfter.getTime(),
  };
};
