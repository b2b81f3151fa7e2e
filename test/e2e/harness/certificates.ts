import 'reflect-metadata';
import { generateKeyPairSync, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate with its private key, both as PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}
export interface Authority extends KeyedCertificate {
  issueServer(name: string, hosts: readonly string[]): Promise<KeyedCertificate>;
  /** A client certificate; Kubernetes reads the common name as user and the organisation as group. */
  issueClient(user: string, group?: string): Promise<KeyedCertificate>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
export const day = 24 * 60 * 60 * 1000;

x509.cryptoProvider.set(webcrypto as never);

export const createAuthority = async (name: string, lifetime = day): Promise<Authority> => {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...life(lifetime),
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const issue = async (subject: string, extensions: x509.Extension[]): Promise<KeyedCertificate> => {
    const leaf = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      ...life(Math.min(lifetime, day)),
      subject,
      issuer: root.subject,
      publicKey: leaf.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ...extensions,
      ],
    });
    return { certificate: certificate.toString('pem'), key: pem(leaf.privateKey) };
  };
  return {
    certificate: root.toString('pem'),
    key: pem(keys.privateKey),
    issueServer: (common, hosts) =>
      issue(`CN=${common}`, [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          hosts.map((value) => ({ type: /^[\d.]+$/.test(value) ? 'ip' : 'dns', value })),
        ),
      ]),
    issueClient: (user, group) =>
      issue(group === undefined ? `CN=${user}` : `O=${group}, CN=${user}`, [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      ]),
  };
};

/** The key pair that signs service account tokens. */
export const createTokenKeys = (): { privateKey: string; publicKey: string } => {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
};

const life = (milliseconds: number) => {
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x01;
  return {
    serialNumber: serial.toString('hex'),
    notBefore: new Date(Date.now() - 60 * 60 * 1000),
    notAfter: new Date(Date.now() + milliseconds),
  };
};

const pem = (key: webcrypto.CryptoKey): string => {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
};
