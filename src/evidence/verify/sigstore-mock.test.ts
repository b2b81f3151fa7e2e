import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock';
import { beforeAll, expect, test } from 'vitest';
import type { Digest } from '../../core/image/digest.ts';
import { bodies, certificatePem } from '../../../test/fakes/signature/sigstore-instance.ts';
import {
  bundleLayer,
  bundleMediaType,
  envelope,
  simplePayload,
  simpleSigningLayer,
  statement,
  verification,
} from '../../../test/fakes/signature/signed-layers.ts';
import type { TrustRootSnapshot } from '../trust/trust-root.ts';
import { verifyCandidate } from './verify-candidate.ts';

/*
 * Certificates, log entries and timestamps by another implementation than the tests' own: that of the Sigstore project.
 */
const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const base64 = (bytes: ArrayBufferView | Buffer): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
const spki = (pair: ReturnType<typeof ec>): Buffer => pair.publicKey.export({ format: 'der', type: 'spki' });

const identity = 'https://github.com/acme/web/.github/workflows/release.yml@refs/heads/main';
const issuer = 'https://token.actions.githubusercontent.com';
const url = 'https://rekor.example.com';

const createMock = async () => {
  const [caKeys, ctKeys, logKeys, tsaKeys, signer] = [ec(), ec(), ec(), ec(), ec()];
  const ctLog = await initializeCTLog(ctKeys);
  const ca = await initializeCA(caKeys, ctLog);
  const log = await initializeTLog(url, logKeys);
  const tsa = await initializeTSA(tsaKeys);
  const validFor = { start: '2020-01-01T00:00:00Z' };
  const logOf = (baseUrl: string, key: Buffer) => ({
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: key.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
    logId: { keyId: createHash('sha256').update(key).digest('base64') },
  });
  const trustedRoot = JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [logOf(url, spki(logKeys))],
    certificateAuthorities: [
      { certChain: { certificates: [{ rawBytes: base64(ca.rootCertificate) }] }, validFor },
    ],
    ctlogs: [logOf('https://ct.example.com', spki(ctKeys))],
    timestampAuthorities: [
      {
        certChain: {
          certificates: [{ rawBytes: base64(tsa.intCertificate) }, { rawBytes: base64(tsa.rootCertificate) }],
        },
        validFor,
      },
    ],
  });
  const certificate = await ca.issueCertificate({
    publicKey: spki(signer) as Buffer<ArrayBuffer>,
    subjectAltName: identity,
    extensions: [
      { oid: '1.3.6.1.4.1.57264.1.1', value: issuer, legacy: true },
      { oid: '1.3.6.1.4.1.57264.1.8', value: issuer },
    ],
  });
  const id = `sha256:${createHash('sha256').update(trustedRoot).digest('hex')}` as Digest;
  const snapshot: TrustRootSnapshot = { kind: 'sigstore', name: 'mock', id, trustedRoot };
  return { certificate: Buffer.from(base64(certificate), 'base64'), log, tsa, signer, snapshot };
};
let mock: Awaited<ReturnType<typeof createMock>>;
beforeAll(async () => (mock = await createMock()));

const by = (message: Uint8Array): Buffer => sign('sha256', message, mock.signer.privateKey);
const verify = (layer: Parameters<typeof verification>[0][number]) =>
  verifyCandidate(verification([layer], { trustRoots: [mock.snapshot], now: Date.now() }));
const believed = {
  signer: { names: [{ kind: 'uri', value: identity }], issuer, certificateLogs: ['https://ct.example.com'] },
  logs: [{ log: url }],
};

const logged = async (body: object) => {
  const [entry] = Object.values(await mock.log.log(body));
  const { verification: proofs, ...fields } = entry as {
    body: string;
    integratedTime: number;
    logID: string;
    logIndex: number;
    verification: {
      signedEntryTimestamp: string;
      inclusionProof: {
        logIndex: number;
        treeSize: number;
        rootHash: string;
        hashes: string[];
        checkpoint: string;
      };
    };
  };
  return { ...fields, ...proofs };
};

test('a bundle with an entry of its log and a token of its timestamp authority', async () => {
  const payload = statement();
  const dsseEnvelope = envelope([by], payload);
  const signature = Buffer.from(dsseEnvelope.signatures[0]!.sig, 'base64');
  const entry = await logged(bodies.dsse(payload, signature, certificatePem(mock.certificate)));
  const token = await mock.tsa.timestamp({
    artifactHash: createHash('sha256').update(signature).digest(),
    hashAlgorithmOID: '2.16.840.1.101.3.4.2.1',
    nonce: 1,
    policyOID: '1.2.3.4',
  });
  const { logIndex, treeSize, rootHash, checkpoint } = entry.inclusionProof;
  const layer = bundleLayer({
    mediaType: bundleMediaType,
    verificationMaterial: {
      certificate: { rawBytes: mock.certificate.toString('base64') },
      tlogEntries: [
        {
          logIndex: String(entry.logIndex),
          logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
          kindVersion: { kind: 'dsse', version: '0.0.1' },
          integratedTime: String(entry.integratedTime),
          inclusionPromise: { signedEntryTimestamp: entry.signedEntryTimestamp },
          inclusionProof: {
            logIndex: String(logIndex),
            treeSize: String(treeSize),
            rootHash: Buffer.from(rootHash, 'hex').toString('base64'),
            hashes: [],
            checkpoint: { envelope: checkpoint },
          },
          canonicalizedBody: entry.body,
        },
      ],
      timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: base64(token) }] },
    },
    dsseEnvelope,
  });
  const { claims, rejected } = verify(layer);
  expect(rejected).toEqual([]);
  expect(claims).toMatchObject([{ ...believed, times: [{ from: 'log' }, { from: 'timestamp' }] }]);
});

test('a signature of cosign 2, with certificate and entry in annotations', async () => {
  const payload = simplePayload();
  const signature = by(payload);
  const entry = await logged(bodies.hashedRekord(payload, signature, certificatePem(mock.certificate)));
  const layer = simpleSigningLayer(() => signature, payload, {
    'dev.sigstore.cosign/certificate': certificatePem(mock.certificate),
    'dev.sigstore.cosign/bundle': JSON.stringify({
      SignedEntryTimestamp: entry.signedEntryTimestamp,
      Payload: {
        body: entry.body,
        integratedTime: entry.integratedTime,
        logIndex: entry.logIndex,
        logID: entry.logID,
      },
    }),
  });
  expect(verify(layer).claims).toMatchObject([{ ...believed, times: [{ from: 'log' }] }]);
});
