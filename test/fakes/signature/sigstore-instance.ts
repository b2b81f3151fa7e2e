/** A private instance of Sigstore in one object: a certificate authority, a CT log, a Rekor log and a timestamp authority. */
import { constants, sign } from 'node:crypto';
import type { Digest } from '../../../src/core/image/digest.ts';
import type { TrustRootSnapshot } from '../../../src/evidence/trust/trust-root.ts';
import {
  algorithmOf,
  certificate,
  codeSigning,
  commonName,
  ecPair,
  extension,
  extensions,
  name,
  sha256,
  timeStamping,
  withSct,
  type KeyPair,
} from './certificate-authority.ts';
import { der, generalizedTime, integer, octets, oid, sequence, set, utf8 } from './der-writer.ts';

export const now = Date.parse('2026-11-29T00:00:00Z');
/** When things are signed, unless a test says something else. */
export const signedAt = Date.parse('2026-11-01T12:00:00Z');
export const minute = 60_000;
const day = 24 * 60 * minute;
const [yearBegin, yearEnd] = [Date.parse('2026-01-01T00:00:00Z'), Date.parse('2027-01-01T00:00:00Z')];
const hashOid = '2.16.840.1.101.3.4.2.1';
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export const identity = 'https://github.com/acme/web/.github/workflows/release.yml@refs/heads/main';
export const issuerUrl = 'https://token.actions.githubusercontent.com';

export interface LeafOptions {
  readonly names?: readonly Buffer[];
  readonly issuer?: string;
  /** In place of the issuer in its older extension. */
  readonly formerIssuer?: string;
  readonly purposes?: readonly string[] | 'none';
  readonly more?: readonly Buffer[];
  readonly from?: number;
  readonly until?: number;
  readonly sct?: { readonly log?: KeyPair; readonly extensions?: Buffer; readonly at?: number } | 'none';
}

const fulcioExtension = (number: number, text: string): Buffer =>
  extension(`1.3.6.1.4.1.57264.1.${number}`, utf8(text));

/** A certificate of the timestamp authority. */
export interface Stamper {
  readonly key: KeyPair;
  readonly serial: number;
  readonly bringsCertificate: boolean;
  /** RSA-PSS with these parameters, which may say something else than how it is signed. */
  readonly pss?: { readonly parameters: Buffer; readonly saltLength: number };
}

const tokenAlgorithmOf = ({ key, pss }: Stamper): Buffer => {
  if (pss !== undefined) return sequence(oid('1.2.840.113549.1.1.10'), pss.parameters);
  return key.privateKey.asymmetricKeyType === 'rsa'
    ? sequence(oid('1.2.840.113549.1.1.1'), Buffer.from([5, 0]))
    : algorithmOf(key);
};
const signingKeyOf = ({ key: { privateKey: key }, pss }: Stamper) =>
  pss === undefined ? { key } : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: pss.saltLength };

interface InstanceOptions {
  /** When everything of the instance is valid: the year of {@link now}, where nothing is said. */
  readonly begin?: number;
  readonly end?: number;
  readonly stamper?: KeyPair;
  readonly pss?: Stamper['pss'];
  readonly stamperPurposes?: Buffer;
  /** When the intermediate certificate of the CA ends. */
  readonly intermediateUntil?: number;
  readonly intermediateMore?: readonly Buffer[];
}

export const createSigstore = ({
  begin = yearBegin,
  end = yearEnd,
  stamper = ecPair(),
  pss,
  stamperPurposes = extensions.purposes([timeStamping], true),
  intermediateUntil = end,
  intermediateMore = [],
}: InstanceOptions = {}) => {
  const period = () => ({ start: new Date(begin).toISOString(), end: new Date(end).toISOString() });
  const [root, intermediate, ctLog, rekor, stampRoot] = [ecPair(), ecPair(), ecPair(), ecPair(), ecPair()];
  const ca = (
    subject: string,
    issuer: string,
    key: KeyPair,
    by: KeyPair,
    until = end,
    more: readonly Buffer[] = [],
  ) =>
    certificate(
      {
        subject: commonName(subject),
        issuer: commonName(issuer),
        spki: key.spki,
        from: begin,
        until,
        extensions: [extensions.ca(), extensions.mayIssue, ...more],
      },
      by,
    );
  const rootDer = ca('root', 'root', root, root);
  const intermediateDer = ca('intermediate', 'root', intermediate, root, intermediateUntil, intermediateMore);
  const stampRootDer = ca('stamp root', 'stamp root', stampRoot, stampRoot);
  const issueStamper = ({ spki }: KeyPair, serial: number): Buffer =>
    certificate(
      {
        subject: commonName('stamper'),
        issuer: commonName('stamp root'),
        spki,
        from: begin,
        until: end,
        serial,
        extensions: [extensions.maySign, stamperPurposes],
      },
      stampRoot,
    );
  const named: Stamper = { key: stamper, serial: 0x1234, bringsCertificate: false, ...(pss && { pss }) };
  const stamperDer = issueStamper(named.key, named.serial);

  const log = (key: KeyPair, baseUrl: string) => ({
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: base64(key.spki), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: period() },
    logId: { keyId: base64(sha256(key.spki)) },
  });
  const authority = (uri: string, ...chain: readonly Buffer[]) => ({
    subject: { organization: 'acme', commonName: uri },
    uri,
    certChain: { certificates: chain.map((one) => ({ rawBytes: base64(one) })) },
    validFor: period(),
  });
  const trustedRoot = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [log(rekor, 'https://rekor.example.com')],
    certificateAuthorities: [authority('https://fulcio.example.com', intermediateDer, rootDer)],
    ctlogs: [log(ctLog, 'https://ct.example.com')],
    timestampAuthorities: [authority('https://tsa.example.com', stamperDer, stampRootDer)],
  };

  const leafExtensions = ({
    names = [name.uri(identity)],
    issuer = issuerUrl,
    formerIssuer = issuer,
    purposes = [codeSigning],
    more = [],
  }: LeafOptions): readonly Buffer[] => [
    extensions.maySign,
    ...(purposes === 'none' ? [] : [extensions.purposes(purposes)]),
    ...(names.length > 0 ? [extensions.names(...names)] : []),
    extension('1.3.6.1.4.1.57264.1.1', Buffer.from(formerIssuer)),
    fulcioExtension(8, issuer),
    fulcioExtension(12, 'https://github.com/acme/web'),
    fulcioExtension(24, 'repo:acme/web:ref:refs/heads/main'),
    ...more,
  ];
  const issue = (spki: Buffer, options: LeafOptions = {}): Buffer => {
    const { from = signedAt - minute, until = signedAt + 9 * minute, sct = {} } = options;
    const fields = {
      subject: sequence(),
      issuer: commonName('intermediate'),
      spki,
      from,
      until,
      extensions: leafExtensions(options),
    };
    if (sct === 'none') return certificate(fields, intermediate);
    return withSct(fields, intermediate, intermediate.spki, { log: ctLog, at: signedAt, ...sct });
  };

  /** A tree of two: the entry behind another one. */
  const proofOf = (body: Buffer) => {
    const before = sha256(Buffer.from([0]), Buffer.from('another entry'));
    const rootHash = sha256(Buffer.from([1]), before, sha256(Buffer.from([0]), body));
    const note = `rekor.example.com\n2\n${base64(rootHash)}\n`;
    const keyHint = sha256(rekor.spki).subarray(0, 4);
    const signature = sign('sha256', Buffer.from(note), rekor.privateKey);
    const line = `\u2014 rekor.example.com ${base64(Buffer.concat([keyHint, signature]))}\n`;
    return {
      logIndex: '1',
      rootHash: base64(rootHash),
      treeSize: '2',
      hashes: [base64(before)],
      checkpoint: { envelope: `${note}\n${line}` },
    };
  };
  const promiseOf = (body: Buffer, seconds: number, logIndex: number): string => {
    const text = `{"body":"${base64(body)}","integratedTime":${seconds},"logID":"${sha256(rekor.spki).toString('hex')}","logIndex":${logIndex}}`;
    return base64(sign('sha256', Buffer.from(text), rekor.privateKey));
  };

  const entry = (body: object, at: number | undefined, withProof: boolean) => {
    const { kind, apiVersion } = body as { kind: string; apiVersion: string };
    const bytes = Buffer.from(JSON.stringify(body));
    const seconds = Math.floor((at ?? 0) / 1000);
    return {
      logIndex: '77',
      logId: { keyId: base64(sha256(rekor.spki)) },
      kindVersion: { kind, version: apiVersion },
      ...(at !== undefined && {
        integratedTime: String(seconds),
        inclusionPromise: { signedEntryTimestamp: promiseOf(bytes, seconds, 77) },
      }),
      ...(withProof && { inclusionProof: proofOf(bytes) }),
      canonicalizedBody: base64(bytes),
    };
  };

  /** The response of the timestamp authority, in base64. */
  const stamp = (stamped: Uint8Array, at = signedAt, by = named): string => {
    const certificateDer = by === named ? stamperDer : issueStamper(by.key, by.serial);
    const info = sequence(
      integer(1),
      oid('1.2.3.4'),
      sequence(sequence(oid(hashOid)), octets(sha256(stamped))),
      integer(42),
      generalizedTime(at),
    );
    const attribute = (type: string, value: Buffer): Buffer => sequence(oid(type), set(value));
    const attributes = [
      attribute('1.2.840.113549.1.9.3', oid('1.2.840.113549.1.9.16.1.4')),
      attribute('1.2.840.113549.1.9.4', octets(sha256(info))),
      attribute('1.2.840.113549.1.9.16.2.47', sequence(sequence(sequence(octets(sha256(certificateDer)))))),
    ];
    const signer = sequence(
      integer(1),
      sequence(commonName('stamp root'), integer(by.serial)),
      sequence(oid(hashOid)),
      der(0xa0, ...attributes),
      tokenAlgorithmOf(by),
      octets(sign('sha256', set(...attributes), signingKeyOf(by))),
    );
    const content = sequence(oid('1.2.840.113549.1.9.16.1.4'), der(0xa0, octets(info)));
    const brought = by.bringsCertificate ? [der(0xa0, certificateDer)] : [];
    const signedData = sequence(integer(3), set(sequence(oid(hashOid))), content, ...brought, set(signer));
    const token = sequence(oid('1.2.840.113549.1.7.2'), der(0xa0, signedData));
    return base64(sequence(sequence(integer(0)), token));
  };

  return {
    trustedRoot,
    rootDer,
    intermediateDer,
    stampRootDer,
    issue,
    entry,
    stamp,
    snapshot: (rootName = 'acme', root: object = trustedRoot): TrustRootSnapshot => {
      const text = JSON.stringify(root);
      const id = `sha256:${sha256(Buffer.from(text)).toString('hex')}` as Digest;
      return { kind: 'sigstore', name: rootName, id, trustedRoot: text };
    },
  };
};
export type Sigstore = ReturnType<typeof createSigstore>;

const pem = (label: string, bytes: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${base64(bytes)
    .match(/.{1,64}/g)!
    .join('\n')}\n-----END ${label}-----\n`;
export const certificatePem = (bytes: Uint8Array): string => pem('CERTIFICATE', bytes);
export const keyPem = (bytes: Uint8Array): string => pem('PUBLIC KEY', bytes);

const hexHash = (bytes: Uint8Array) => ({ algorithm: 'sha256', value: sha256(bytes).toString('hex') });
const b64text = (text: string): string => base64(Buffer.from(text));

/** Bodies of entries as the logs write them, keys in order. */
export const bodies = {
  hashedRekord: (message: Uint8Array, signature: Uint8Array, verifierPem: string) => ({
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: hexHash(message) },
      signature: { content: base64(signature), publicKey: { content: b64text(verifierPem) } },
    },
  }),
  dsse: (payload: Uint8Array, signature: Uint8Array, verifierPem: string) => ({
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: {
      envelopeHash: hexHash(Buffer.from('{}')),
      payloadHash: hexHash(payload),
      signatures: [{ signature: base64(signature), verifier: b64text(verifierPem) }],
    },
  }),
  intoto: (payload: Uint8Array, signature: Uint8Array, verifierPem: string) => ({
    apiVersion: '0.0.2',
    kind: 'intoto',
    spec: {
      content: {
        envelope: {
          payloadType: 'application/vnd.in-toto+json',
          signatures: [{ publicKey: b64text(verifierPem), sig: b64text(base64(signature)) }],
        },
        hash: hexHash(Buffer.from('{}')),
        payloadHash: hexHash(payload),
      },
    },
  }),
  /** As cosign 1 logged the envelopes of its attestations. */
  oldIntoto: (envelope: Uint8Array, payload: Uint8Array, verifierPem: string) => ({
    apiVersion: '0.0.1',
    kind: 'intoto',
    spec: {
      content: { hash: hexHash(envelope), payloadHash: hexHash(payload) },
      publicKey: b64text(verifierPem),
    },
  }),
  hashedRekordV2: (message: Uint8Array, signature: Uint8Array, verifier: object) => ({
    apiVersion: '0.0.2',
    kind: 'hashedrekord',
    spec: {
      hashedRekordV002: {
        data: { algorithm: 'SHA2_256', digest: base64(sha256(message)) },
        signature: {
          content: base64(signature),
          verifier: { keyDetails: 'PKIX_ECDSA_P256_SHA_256', ...verifier },
        },
      },
    },
  }),
  dsseV2: (payload: Uint8Array, signature: Uint8Array, verifier: object) => ({
    apiVersion: '0.0.2',
    kind: 'dsse',
    spec: {
      dsseV002: {
        payloadHash: { algorithm: 'SHA2_256', digest: base64(sha256(payload)) },
        signatures: [
          { content: base64(signature), verifier: { keyDetails: 'PKIX_ECDSA_P256_SHA_256', ...verifier } },
        ],
      },
    },
  }),
};
export const rawCertificate = (bytes: Uint8Array) => ({ x509Certificate: { rawBytes: base64(bytes) } });
export const rawKey = (bytes: Uint8Array) => ({ publicKey: { rawBytes: base64(bytes) } });
export { base64, day };
