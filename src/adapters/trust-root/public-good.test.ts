import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTrustedRoot } from '../../evidence/trust/trusted-root.ts';
import { publicGoodRoot } from './public-good.ts';

const file = (name: string): Buffer => readFileSync(join(import.meta.dirname, name));

test('the shipped root is the file that SOURCE.md names, byte for byte', () => {
  const content = file('public-good.json');
  const source = file('SOURCE.md').toString();
  expect(source).toContain(`sha256: \`${createHash('sha256').update(content).digest('hex')}\``);
  expect(source).toContain(`(published ${new Date(publicGoodRoot.writtenAt).toISOString().slice(0, 10)},`);
});

test('the shipped root names the public-good instance: its CAs, both logs, and its timestamp authority', () => {
  const read = readTrustedRoot(publicGoodRoot.trustedRoot);
  if (!read.ok) throw new Error(read.error.join('; '));
  const { certificateAuthorities, timestampAuthorities, tlogs, ctlogs } = read.value;
  expect(tlogs.map(({ baseUrl }) => baseUrl)).toEqual([
    'https://rekor.sigstore.dev',
    'https://log2025-1.rekor.sigstore.dev',
  ]);
  expect(ctlogs.map(({ baseUrl }) => baseUrl)).toEqual([
    'https://ctfe.sigstore.dev/test',
    'https://ctfe.sigstore.dev/2022',
  ]);
  expect(certificateAuthorities.map(({ certificates }) => certificates.length)).toEqual([1, 2]);
  expect(timestampAuthorities.map(({ certificates }) => certificates.length)).toEqual([2]);
});
