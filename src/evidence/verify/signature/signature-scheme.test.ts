import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { rsaPair } from '../../../../test/fakes/signature/certificate-authority.ts';
import { der, integer, nothing, oid, sequence } from '../../../../test/fakes/signature/der-writer.ts';
import { keylessBundle } from '../../../../test/fakes/signature/keyless.ts';
import { createSigstore, now } from '../../../../test/fakes/signature/sigstore-instance.ts';
import { bundleLayer, verification } from '../../../../test/fakes/signature/signed-layers.ts';
import { readCertificate } from '../certificate/certificate.ts';
import { verifyCandidate } from '../verify-candidate.ts';
import { verifyTimestamp, type StampingAuthority } from '../timestamp/verify-timestamp.ts';

const hashId = (id: string): Buffer => sequence(oid(id), nothing);
const [sha1, sha256, sha384] = ['1.3.14.3.2.26', '2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.2.2'].map(
  hashId,
) as [Buffer, Buffer, Buffer];
const mgf = (hash: Buffer, id = '1.2.840.113549.1.1.8'): Buffer => sequence(oid(id), hash);
const pss = (...fields: readonly (readonly [number, Buffer])[]): Buffer =>
  sequence(...fields.map(([number, value]) => der(0xa0 + number, value)));

test.each<[string, Buffer, number, string]>([
  ['as it is mostly written', pss([0, sha256], [1, mgf(sha256)], [2, integer(32)]), 32, 'believed'],
  ['with a trailer', pss([0, sha256], [1, mgf(sha256)], [2, integer(32)], [3, integer(1)]), 32, 'believed'],
  ['with the salt of 20 bytes that nothing says', pss([0, sha256], [1, mgf(sha256)]), 20, 'believed'],
  ['with the longest salt', pss([0, sha256], [1, mgf(sha256)], [2, integer(222)]), 222, 'believed'],
  ['with another salt', pss([0, sha256], [1, mgf(sha256)], [2, integer(20)]), 32, 'has a wrong signature'],
  ['that names no hash, which means SHA-1', pss([1, mgf(sha256)], [2, integer(32)]), 32, 'cannot be read'],
  ['with SHA-1', pss([0, sha1], [1, mgf(sha1)], [2, integer(32)]), 32, 'cannot be read'],
  ['with another hash', pss([0, sha384], [1, mgf(sha384)], [2, integer(32)]), 32, 'has a wrong signature'],
  [
    'with another hash in the mask',
    pss([0, sha256], [1, mgf(sha384)], [2, integer(32)]),
    32,
    'cannot be read',
  ],
  ['with SHA-1 in the mask', pss([0, sha256], [2, integer(32)]), 32, 'cannot be read'],
  ['with another mask', pss([0, sha256], [1, mgf(sha256, '1.2.3')], [2, integer(32)]), 32, 'cannot be read'],
  [
    'with another trailer',
    pss([0, sha256], [1, mgf(sha256)], [2, integer(32)], [3, integer(2)]),
    32,
    'cannot be read',
  ],
  [
    'with a field twice',
    pss([0, sha256], [0, sha256], [1, mgf(sha256)], [2, integer(32)]),
    32,
    'cannot be read',
  ],
  [
    'with a fifth field',
    pss([0, sha256], [1, mgf(sha256)], [2, integer(32)], [4, integer(1)]),
    32,
    'cannot be read',
  ],
  ['without parameters', nothing, 32, 'cannot be read'],
])('G7: a timestamp by RSA-PSS %s', (_how, parameters, saltLength, want) => {
  const rsa = createSigstore({ stamper: rsaPair(), pss: { parameters, saltLength } });
  const layer = bundleLayer(keylessBundle(rsa, { log: 'none', stamped: true }));
  const { claims, rejected } = verifyCandidate(verification([layer], { trustRoots: [rsa.snapshot()], now }));
  const found = claims.length > 0 ? 'believed' : `${rejected[0]?.fault}: ${rejected[0]?.why}`;
  expect(found).toMatch(want);
});

const folder = new URL('../../../../test/fixtures/timestamps/', import.meta.url);
const pemBody = (file: string): Buffer =>
  Buffer.from(readFileSync(new URL(file, folder), 'latin1').replace(/-----[A-Z ]+-----/g, ''), 'base64');
const certificateIn = (file: string) =>
  readCertificate(new X509Certificate(readFileSync(new URL(file, folder))).raw)!;

describe('G7: a token that OpenSSL signed with RSA-PSS', () => {
  const ca = certificateIn('ca.pem');
  const authority: StampingAuthority = {
    authority: {
      operator: 'acme',
      uri: 'https://tsa.example.com',
      certificates: [],
      validFor: { start: ca.notBefore },
    },
    certificates: [certificateIn('tsa.pem'), ca],
  };
  const stamped = Buffer.from('a signature that was stamped\n');
  const response = (token: Buffer): Buffer => sequence(sequence(integer(0)), token);

  test('counts', () => {
    const verified = verifyTimestamp(response(pemBody('rsa-pss.pem')), stamped, [authority]);
    expect(verified).toMatchObject({ ok: true, value: { at: Date.parse('2026-11-29T07:57:29Z') } });
  });

  test('counts for these bytes alone, and no byte of its signature can be changed', () => {
    const token = pemBody('rsa-pss.pem');
    expect(verifyTimestamp(response(token), Buffer.from('others'), [authority]).ok).toBe(false);
    token[token.length - 1]! ^= 1;
    expect(verifyTimestamp(response(token), stamped, [authority])).toEqual({
      ok: false,
      error: { kind: 'wrong', why: 'has a wrong signature' },
    });
  });
});
