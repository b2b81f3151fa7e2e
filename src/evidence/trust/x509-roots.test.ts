import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import publicGood from '../../adapters/trust-root/public-good.json' with { type: 'json' };
import { readX509Roots } from './x509-roots.ts';

const pemOf = ({ rawBytes }: { readonly rawBytes: string }): string =>
  new X509Certificate(Buffer.from(rawBytes, 'base64')).toString();
const [intermediate = '', root = ''] =
  publicGood.certificateAuthorities[1]!.certChain.certificates.map(pemOf);
const [leaf = ''] = publicGood.timestampAuthorities[0]!.certChain.certificates.map(pemOf);

test('anchors in order, roots or not, with text between them', () => {
  const read = readX509Roots(`# ours\n${root}\n# and theirs\n${intermediate}`);
  expect(read.ok && read.value.map(({ subject }) => subject)).toEqual([
    'O=sigstore.dev\nCN=sigstore',
    'O=sigstore.dev\nCN=sigstore-intermediate',
  ]);
});

test.each([
  ['nothing', '', 'holds no certificate in PEM form'],
  ['no PEM', 'MIIB', 'holds no certificate in PEM form'],
  [
    'a truncated one behind a whole one',
    root + root.slice(0, 200),
    'holds a certificate that begins and does not end',
  ],
  [
    'one that is no certificate',
    `${root}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    'certificate 2 cannot be read',
  ],
  [
    'one without the CA bit',
    root + leaf,
    'certificate 2 is no certificate of a CA: its basic constraints do not say so',
  ],
  [
    'a private key',
    `${root}-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n`,
    'holds a private key: whoever may read the object would have it; keep only certificates',
  ],
  ['too many', root.repeat(65), 'holds more than 64 certificates'],
  ['a huge one', ' '.repeat(256 * 1024 + 1), 'is larger than 256 KiB'],
])('%s is refused', (_title, pem, why) => {
  expect(readX509Roots(pem)).toEqual({ ok: false, error: [why] });
});
