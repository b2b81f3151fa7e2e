import { describe, expect, test } from 'vitest';
import { cpuTime } from '../../../test/fakes/cpu-time.ts';
import { commonName, ecPair } from '../../../test/fakes/signature/certificate-authority.ts';
import { der, sequence, set } from '../../../test/fakes/signature/der-writer.ts';
import { keylessBundle, keylessSimpleLayer } from '../../../test/fakes/signature/keyless.ts';
import { certificatePem, createSigstore, now } from '../../../test/fakes/signature/sigstore-instance.ts';
import {
  bundleLayer,
  bytesOf,
  dsseBundle,
  dsseLayer,
  ecKey,
  subject,
  verification,
} from '../../../test/fakes/signature/signed-layers.ts';
import type { TrustRootSnapshot } from '../trust/trust-root.ts';
import { readCertificate } from './certificate/certificate.ts';
import { readTimestampToken } from './timestamp/timestamp-token.ts';
import { verifyCandidate } from './verify-candidate.ts';
import type { CandidateLayer, Verification, VerificationResult } from './verification.ts';

const acme = createSigstore();
const key = ecKey();
const verify = (layer: CandidateLayer, more: Partial<Verification> = {}): VerificationResult =>
  verifyCandidate(verification([layer], { keys: [key.spki], trustRoots: [acme.snapshot()], now, ...more }));
const faultOf = ({ claims, rejected: [first] }: VerificationResult): string =>
  claims.length > 0 ? 'believed' : (first?.fault ?? 'nothing');

/** What is asked, within CPU time that no review would miss. */
const quickly = <T>(ask: () => T): T => {
  const begun = cpuTime();
  const value = ask();
  expect(cpuTime() - begun).toBeLessThan(1000);
  return value;
};

const nested = (depth: number): Buffer => {
  let bytes: Buffer = Buffer.from([5, 0]);
  for (let level = 0; level < depth; level += 1) bytes = sequence(bytes);
  return bytes;
};
const wide = (count: number): Buffer => sequence(...Array.from({ length: count }, () => Buffer.from([5, 0])));
/** A length that says more than there is. */
const lying = Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x00]);
const bombs: readonly (readonly [string, Buffer])[] = [
  ['nested deep', nested(8000)],
  ['with a list of many', wide(15_000)],
  ['with a length that lies', lying],
  ['of no length', Buffer.from([0x30, 0x80, 0, 0])],
  ['empty', Buffer.alloc(0)],
  ['of a megabyte', sequence(Buffer.alloc(1024 * 1024))],
];

describe('B9: DER bombs', () => {
  test.each(bombs)('as a certificate: %s', (_what, bytes) => {
    expect(quickly(() => readCertificate(new Uint8Array(bytes)))).toBeUndefined();
    const layer = { ...keylessSimpleLayer(acme) };
    const annotations = {
      ...layer.annotations,
      'dev.sigstore.cosign/certificate': certificatePem(bytes.length > 0 ? bytes : Buffer.from('x')),
    };
    expect(['unreadable', 'limit']).toContain(quickly(() => faultOf(verify({ ...layer, annotations }))));
  });

  test.each(bombs)('as a timestamp: %s', (_what, bytes) => {
    expect(quickly(() => readTimestampToken(new Uint8Array(bytes)))).toBeUndefined();
    // Each layer of the token as a bomb, below a beginning that is right.
    const token = sequence(der(0x06, Buffer.from('2a864886f70d010702', 'hex')), der(0xa0, bytes));
    const response = sequence(sequence(der(0x02, Buffer.from([0]))), token);
    expect(quickly(() => readTimestampToken(new Uint8Array(response)))).toBeUndefined();
  });

  test('as a name of a signer with many parts', () => {
    const name = sequence(...Array.from({ length: 900 }, () => set(sequence(commonName('x')))));
    expect(quickly(() => readCertificate(new Uint8Array(sequence(name, name, name))))).toBeUndefined();
  });
});

describe('B9: JSON bombs', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const many = `{"a":[${'1,'.repeat(400_000)}1]}`;
  test.each([
    ['nested deep', `{"a":${deep}}`],
    ['with many values', many],
    ['with many escapes', JSON.stringify({ a: '\n'.repeat(500_000) })],
  ])('%s', (_what, text) => {
    const layer = bundleLayer({});
    expect(quickly(() => faultOf(verify({ ...layer, bytes: bytesOf(text) })))).toBe('limit');
    const envelopeLayer = dsseLayer([key.sign], bytesOf('{}'));
    expect(quickly(() => faultOf(verify({ ...envelopeLayer, bytes: bytesOf(text) })))).toBe('limit');
  });

  test('a statement that is nested deep, signed well', () => {
    const layer = dsseLayer([key.sign], bytesOf(`{"a":${deep}}`));
    expect(quickly(() => faultOf(verify(layer, { says: 'attested' })))).toBe('limit');
  });

  test('a bundle beyond its size is not even read', () => {
    const layer = bundleLayer(dsseBundle([key.sign]));
    const bytes = new Uint8Array(5 * 1024 * 1024);
    expect(quickly(() => faultOf(verify({ ...layer, bytes })))).toBe('limit');
    const large = new Uint8Array(23 * 1024 * 1024);
    expect(quickly(() => faultOf(verify({ ...layer, bytes: large }, { says: 'attested' })))).toBe('limit');
  });

  test('an envelope with more signatures than are read', () => {
    const signs = Array.from({ length: 9 }, () => key.sign);
    const layer = dsseLayer(signs, bytesOf('{}'));
    expect(faultOf(verify(layer, { says: 'attested' }))).toBe('limit');
  });
});

describe('trust roots that are broken', () => {
  const good = acme.snapshot() as TrustRootSnapshot & { kind: 'sigstore' };
  test.each([
    ['cut off', good.trustedRoot.slice(0, -200)],
    ['empty', ''],
    ['huge', `${' '.repeat(300 * 1024)}${good.trustedRoot}`],
    ['of another kind', '{"mediaType":"application/json"}'],
  ])('%s: it stands behind nobody, and spoils no other', (_what, trustedRoot) => {
    const { id } = acme.snapshot('broken', { trustedRoot });
    const named: TrustRootSnapshot = { ...good, name: 'broken', id, trustedRoot };
    const layer = bundleLayer(keylessBundle(acme));
    expect(faultOf(verify(layer, { trustRoots: [named] }))).toBe('untrusted');
    expect(faultOf(verify(layer, { trustRoots: [named, good] }))).toBe('believed');
  });

  test('a plain CA that is cut off', () => {
    const roots = certificatePem(acme.rootDer).slice(0, -40);
    const snapshot: TrustRootSnapshot = { kind: 'x509', name: 'cut', id: subject, roots };
    expect(
      faultOf(verify(bundleLayer(keylessBundle(acme, { key: ecPair() })), { trustRoots: [snapshot] })),
    ).toBe('untrusted');
  });
});
