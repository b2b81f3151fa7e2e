import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startApiServer } from '../fakes/api-server/api-server.ts';
import { folderWith, imagegate, root } from './imagegate.ts';

const publicGood = readFileSync(join(root, 'src/adapters/trust-root/public-good.json'), 'utf8');
const policy =
  'apiVersion: imagegate.dev/v1alpha1\nkind: ImagePolicy\nmetadata: { name: p }\nspec: { checks: [{ digest: { require: true } }] }\n';
const named = (name: string): string =>
  `apiVersion: imagegate.dev/v1alpha1\nkind: TrustRoot\nmetadata: { name: ${name} }\nspec: { sigstore: { file: ./root.json } }\n`;

describe('imagegate trust', () => {
  test('list: an object named sigstore replaces the shipped root', async () => {
    const cwd = folderWith({ 'p.yaml': policy, 'r.yaml': named('sigstore'), 'root.json': publicGood });
    const { code, stdout } = await imagegate(['trust', 'list', '--policies', '.'], { cwd });
    expect(code).toBe(0);
    expect(stdout.split('\n')[1]).toMatch(/^sigstore {2}sigstore {2}policies {2}/);
    expect(stdout.trim().split('\n')).toHaveLength(2);
  });

  test('list: a broken folder is exit code 2, with place and cause', async () => {
    const cwd = folderWith({
      'p.yaml': policy,
      'r.yaml': named('acme'),
      'root.json': publicGood.slice(0, 900),
    });
    const { code, stdout, stderr } = await imagegate(['trust', 'list', '--policies', '.'], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/root\.json: trust root "acme": it is not JSON/);
  });

  test('show: fingerprints and times; an unknown name is exit code 2 with the nearest one', async () => {
    const shown = await imagegate(['trust', 'show', 'sigstore', '-o', 'json']);
    expect(shown.code).toBe(0);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      name: 'sigstore',
      source: 'shipped',
      logs: [
        { baseUrl: 'https://rekor.sigstore.dev', validFrom: '2021-01-12T11:53:27Z' },
        { baseUrl: 'https://log2025-1.rekor.sigstore.dev', key: 'PKIX_ED25519' },
      ],
      certificateAuthorities: [{ validUntil: '2022-12-31T23:59:59.999Z' }, { certificates: [{}, {}] }],
    });
    const unknown = await imagegate(['trust', 'show', 'sigstroe']);
    expect(unknown).toMatchObject({
      code: 2,
      stderr: 'imagegate: there is no trust root "sigstroe"; did you mean sigstore?\n',
    });
  });

  test('verify: documents with their files, and what is none', async () => {
    const cwd = folderWith({
      'r.yaml': named('acme'),
      'root.json': publicGood,
      'p.yaml': policy,
      'x.pem': 'x',
    });
    const good = await imagegate(['trust', 'verify', 'r.yaml'], { cwd });
    expect(good).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^acme: can be used: 2 certificate/),
    });
    for (const [file, why] of [
      ['p.yaml', 'p.yaml: holds no TrustRoot'],
      ['x.pem', 'x.pem: it is not JSON'],
      ['gone.json', 'gone.json: '],
    ] as const) {
      const { code, stderr } = await imagegate(['trust', 'verify', file], { cwd });
      expect({ file, code }).toEqual({ file, code: 2 });
      expect(stderr).toContain(why);
    }
  });

  test('of a cluster: its objects, the broken ones as exit code 2, and 4 when it cannot be reached', async () => {
    const api = await startApiServer();
    const cwd = folderWith({
      'kubeconfig.json': JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'c',
        clusters: [{ name: 'c', cluster: { server: api.url } }],
        users: [{ name: 'u', user: { token: 't' } }],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      }),
    });
    const kubeconfig = 'kubeconfig.json';
    try {
      api.put('trustroots', { metadata: { name: 'acme' }, spec: { sigstore: { trustedRoot: publicGood } } });
      const good = await imagegate(['trust', 'list', '--kubeconfig', kubeconfig], { cwd });
      expect(good).toMatchObject({ code: 0, stdout: expect.stringMatching(/\nacme +sigstore +cluster /) });
      api.put('trustroots', { metadata: { name: 'sigstore' }, spec: { sigstore: { trustedRoot: '{}' } } });
      const broken = await imagegate(['trust', 'list', '--kubeconfig', kubeconfig], { cwd });
      expect(broken.code).toBe(2);
      expect(broken.stderr).toMatch(
        /cannot be used: sigstore: spec\.sigstore\.trustedRoot: mediaType: missing/,
      );
      expect(broken.stdout).not.toMatch(/shipped/);
    } finally {
      await api.close();
    }
    const away = await imagegate(['trust', 'list', '--kubeconfig', kubeconfig], { cwd });
    expect(away.code).toBe(4);
  });
});
