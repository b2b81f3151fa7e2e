import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keylessBundle, keylessMessageBundle } from '../fakes/signature/keyless.ts';
import { createSigstore, identity, issuerUrl, keyPem } from '../fakes/signature/sigstore-instance.ts';
import {
  ecKey,
  ed25519Key,
  manifest,
  messageBundle,
  rsaKey,
  type SigningKey,
} from '../fakes/signature/signed-layers.ts';
import { ecPair } from '../fakes/signature/certificate-authority.ts';
import { folderWith, imagegate, root, startProgram } from './imagegate.ts';

const acme = createSigstore();
const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
const folder = folderWith({
  artifact: Buffer.from(manifest),
  other: 'other',
  'root.json': JSON.stringify(acme.trustedRoot),
  'broken.json': '{',
  'bundle.json': JSON.stringify(keylessMessageBundle(acme)),
  'statement.json': JSON.stringify(keylessBundle(acme)),
  'key.pub': keyPem(ecPair().spki),
});
const file = (name: string): string => join(folder, name);
const signer = ['--certificate-identity', identity, '--certificate-oidc-issuer', issuerUrl];
const verify = (...args: readonly string[]) => imagegate(['verify-bundle', ...args], { cwd: folder });
const usual = ['--bundle', file('bundle.json'), ...signer, '--trusted-root', file('root.json')];

describe('verify-bundle', () => {
  test.each([
    ['a file', usual, file('artifact')],
    ['a digest', usual, digest],
    ['a statement', ['--bundle', file('statement.json'), ...usual.slice(2)], digest],
  ])('0: %s', async (_what, args, artifact) => {
    expect(await verify(...args, artifact)).toMatchObject({
      code: 0,
      stdout: 'the bundle is valid\n',
      stderr: '',
    });
  });

  test.each<[string, readonly string[], string]>([
    ['another file', usual, file('other')],
    ['another digest', usual, `sha256:${'0'.repeat(64)}`],
    ['another identity', [...usual, '--certificate-identity', 'x'], digest],
    ['B7: a part of the identity', [...usual, '--certificate-identity', identity.slice(0, -1)], digest],
    ['another issuer', [...usual, '--certificate-oidc-issuer', 'https://evil.example'], digest],
    ['another root', ['--bundle', file('bundle.json'), ...signer], digest],
    ['a root that cannot be read', [...usual, '--trusted-root', file('broken.json')], digest],
    ['a key in place of a certificate', ['--bundle', file('bundle.json'), '--key', file('key.pub')], digest],
    ['a bundle that is none', [...usual, '--bundle', file('artifact')], digest],
  ])('1: %s', async (_what, args, artifact) => {
    const ended = await verify(...args, artifact);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^imagegate: the bundle is not valid: .+\n$/);
  });

  test.each<[string, readonly string[]]>([
    ['no signer', ['--bundle', file('bundle.json'), digest]],
    [
      'an identity without an issuer',
      ['--bundle', file('bundle.json'), '--certificate-identity', identity, digest],
    ],
    ['both kinds of signers', [...usual, '--key', file('key.pub'), digest]],
    ['--staging without a root', ['--bundle', file('bundle.json'), ...signer, '--staging', digest]],
    ['a bundle that is not there', [...usual, '--bundle', file('nowhere'), digest]],
    ['a file that is not there', [...usual, file('nowhere')]],
    ['nothing to verify', usual],
  ])('2: %s', async (_what, args) => {
    expect(await verify(...args)).toMatchObject({ code: 2, stdout: '' });
  });

  test('--staging with its root is a name, nothing more', async () => {
    expect((await verify(...usual, '--staging', digest)).code).toBe(0);
  });

  test('a bundle by a key needs a log entry too, which a digest can be checked with', async () => {
    for (const key of [ecKey(), rsaKey(), ed25519Key()] satisfies readonly SigningKey[]) {
      const stage = folderWith({
        'bundle.json': JSON.stringify(messageBundle(key.sign)),
        'key.pub': keyPem(Buffer.from(key.spki, 'base64')),
      });
      const args = ['--bundle', join(stage, 'bundle.json'), '--key', join(stage, 'key.pub')];
      const ended = await imagegate(['verify-bundle', ...args, file('artifact')]);
      expect(ended).toMatchObject({ code: 1 });
      expect(ended.stderr).toContain('no log of the trust root holds an entry about it');
    }
  });
});

test('the runner of published cases names failures and folders without a runner, and counts', async () => {
  const good = (name: string) => ({
    [`${name}/artifact`]: Buffer.from(manifest),
    [`${name}/bundle.sigstore.json`]: JSON.stringify(keylessMessageBundle(acme)),
    [`${name}/trusted_root.json`]: JSON.stringify(acme.trustedRoot),
    [`${name}/identity`]: identity,
    [`${name}/issuer`]: `${issuerUrl}\n`,
  });
  const cases = folderWith({
    ...good('deep/below/happy'),
    ...good('deep/below/surprise_fail'),
    'elsewhere/suite.yaml': '',
  });
  const conformance = (...args: readonly string[]) =>
    startProgram(process.execPath, [join(root, 'test', 'conformance', 'main.ts'), ...args]).ended;
  const ended = await conformance(cases);
  expect(ended.code).toBe(1);
  const lines = ended.stdout.trim().split('\n');
  expect(lines).toEqual([
    expect.stringMatching(/^FAILED deep\/below\/surprise_fail PATH: exit code 0/),
    expect.stringMatching(/^FAILED deep\/below\/surprise_fail DIGEST: exit code 0/),
    'no runner for elsewhere',
    'sigstore: 2 passed, 2 failed, 0 skipped',
    '2 passed, 2 failed',
  ]);
  expect(await conformance(join(cases, 'deep', 'below', 'happy'), '--spawn')).toMatchObject({
    code: 0,
    stdout: 'sigstore: 2 passed, 0 failed, 0 skipped\n2 passed, 0 failed\n',
  });
  expect(await conformance(join(cases, 'elsewhere'))).toMatchObject({
    code: 1,
    stdout: 'no runner for .\n0 passed, 0 failed\n',
  });
});
