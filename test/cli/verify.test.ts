import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { image } from '../fakes/registry/registry-content.ts';
import { status } from '../fakes/registry/registry-faults.ts';
import { simpleSignature, tagFor } from '../fakes/signature/signed-candidates.ts';
import { folderWith } from './imagegate.ts';
import { policyText } from './policies.ts';
import { stageRegistry } from './registry-stage.ts';
import {
  bundle,
  byAcme,
  files,
  keyless,
  policies,
  release,
  sig,
  signedBy,
  slsa,
  stageVerify,
  stranger,
  type Beside,
  type VerifyStage,
} from './verify-stage.ts';

let stage: VerifyStage;
beforeAll(async () => {
  stage = await stageVerify();
});

describe('by flags: 0 when valid, 1 when not', () => {
  const key = ['--key', 'release.pub'];
  const attested = ['--type', 'slsaprovenance1'];
  const cases: readonly (readonly [
    string,
    readonly Beside[],
    readonly string[],
    number,
    readonly string[],
  ])[] = [
    ['a signature of cosign 2 by the key', [sig(release)], key, 0, []],
    ['a bundle of cosign 3 by the key', [bundle(release)], key, 0, []],
    ['one by a stranger', [sig(stranger)], key, 1, ['signature-untrusted']],
    ['one by a stranger beside one by the key', [sig(stranger), bundle(release)], key, 0, []],
    ['none', [], key, 1, ['signature-missing']],
    ['an attestation for a signature (S4)', [bundle(release, slsa)], key, 1, ['signature-mismatch']],
    ['an attestation that is asked for', [bundle(release, slsa)], [...key, ...attested], 0, []],
    [
      'one of another type',
      [bundle(release, 'https://a.example/b')],
      [...key, ...attested],
      1,
      ['attestation-missing'],
    ],
    [
      'a signature for an attestation (S4)',
      [bundle(release)],
      [...key, ...attested],
      1,
      ['signature-mismatch'],
    ],
    [
      'an attestation by a stranger',
      [bundle(stranger, slsa)],
      [...key, ...attested],
      1,
      ['signature-untrusted'],
    ],
    ['an identity of a private Sigstore', [keyless], byAcme, 0, []],
    [
      'another identity',
      [keyless],
      ['--certificate-identity', 'https://github.com/evil/**', ...byAcme.slice(2)],
      1,
      ['signature-untrusted'],
    ],
    [
      'the same name of another issuer',
      [keyless],
      [...byAcme.slice(0, 2), '--certificate-oidc-issuer', 'https://evil.example', ...byAcme.slice(4)],
      1,
      ['signature-untrusted'],
    ],
    ['an identity of another trust root', [keyless], byAcme.slice(0, 4), 1, ['signature-untrusted']],
    ['a key for an identity', [sig(release)], byAcme, 1, ['signature-untrusted']],
  ];
  test.each(cases)('%s', async (_title, beside, args, code, codes) => {
    const found = await stage.report(stage.push(...beside).name, ...args);
    expect([found.code, found.findings.map((finding) => finding.code)]).toEqual([code, codes]);
    expect(found.verdict).toBe(code === 0 ? 'valid' : 'invalid');
    expect(found.checks.map(({ met }) => met)).toEqual([code === 0]);
  });

  test('what stands where nothing can be read: 1, with the cause (S3)', async () => {
    const { name, repository, web } = stage.push(sig(stranger));
    stage.registry.push(repository, image({ user: '7' }), web.digest.replace(':', '-'));
    const { code, findings } = await stage.report(name, ...key);
    expect([code, findings]).toMatchObject([1, [{ code: 'signature-limit' }]]);
    expect(findings[0]?.detail).toMatch(/is not an index$/);
    const table = await stage.verify(name, ...key);
    expect(table.stdout).toMatch(/could not be looked at\n[^]*\(fallback tag\)[^]*is\s+not\s+an\s+index/);
    expect(table.stdout).not.toContain('too many\n');
  });

  test('an image that is not there: 1', async () => {
    const { code, findings, candidates } = await stage.report(`${stage.host}/shop/gone:v1`, ...key);
    expect([code, findings.map((one) => one.code), candidates]).toEqual([1, ['image-absent'], []]);
  });
});

describe('pages of findings', () => {
  const warning = policies([signedBy(release)], { mode: 'Warn' });

  test.each([
    ['by the key', [bundle(release)], ['--key', 'release.pub'], 0, []],
    ['by a stranger', [sig(stranger)], ['--key', 'release.pub'], 1, ['signature-untrusted']],
    ['by a stranger, under a policy that warns', [sig(stranger)], warning, 1, ['signature-untrusted']],
  ] as const)(
    'say what was found of a signature %s, with the same exit code',
    async (_by, beside, args, code, want) => {
      const { name } = stage.push(...beside);
      const sarif = await stage.verify(name, ...args, '-o', 'sarif');
      const { runs } = JSON.parse(sarif.stdout) as {
        readonly runs: readonly [
          { readonly results: readonly { readonly ruleId: string; readonly level: string }[] },
        ];
      };
      expect([sarif.code, runs[0].results.map(({ ruleId }) => ruleId)]).toEqual([code, want]);
      expect(runs[0].results).toEqual(
        want.map((ruleId) =>
          expect.objectContaining({
            ruleId,
            level: 'error',
            locations: [{ logicalLocations: [{ fullyQualifiedName: `ImageReference/${name} image` }] }],
          }),
        ),
      );
      const junit = await stage.verify(name, ...args, '-o', 'junit');
      expect(junit.code).toBe(code);
      expect(junit.stdout).toContain(`tests="1" failures="${want.length}"`);
      expect(junit.stdout.match(/<failure type="[a-z-]+"/g) ?? []).toEqual(
        want.map((type) => `<failure type="${type}"`),
      );
    },
  );

  test('are written to files beside the table', async () => {
    const { name } = stage.push(sig(stranger));
    const file = (end: string): string => join(folderWith({}), `verify.${end}`);
    const [sarif, junit] = [file('sarif'), file('xml')];
    const outputs = ['-o', 'table', '-o', `sarif=${sarif}`, '-o', `junit=${junit}`];
    const { stdout } = await stage.verify(name, '--key', 'release.pub', ...outputs);
    expect(stdout).toMatch(/^not valid {2}/);
    expect(readFileSync(sarif, 'utf8')).toContain('"version": "2.1.0"');
    expect(readFileSync(junit, 'utf8')).toMatch(/^<\?xml /);
  });
});

describe('3: what could not be looked at', () => {
  test('a list that fails, where the others are not enough (S2)', async () => {
    const { name, repository } = stage.push(sig(stranger));
    stage.registry.fault({ path: `${repository}/referrers/` }, status(500));
    const { code, verdict, findings, sources } = await stage.report(name, '--key', 'release.pub');
    expect([code, verdict, findings.map((one) => one.code)]).toEqual([
      3,
      'unknown',
      ['signature-unavailable'],
    ]);
    expect(sources.find(({ source }) => source === 'referrers')).toMatchObject({
      state: 'unavailable',
      why: expect.stringContaining('500'),
    });
    const table = await stage.verify(name, '--key', 'release.pub');
    expect(table.stdout).toMatch(/^not known {2}/);
    expect(table.stdout).toContain('\ncould not be looked at\n  ');
  });

  test('0 over 3: a list that fails, where the others are enough', async () => {
    const { name, repository } = stage.push(sig(release));
    stage.registry.fault({ path: `${repository}/referrers/` }, status(500));
    expect((await stage.verify(name, '--key', 'release.pub')).code).toBe(0);
  });

  test('a registry that is dead', async () => {
    const config = folderWith({
      'c.yaml': 'registries: [{ host: "127.0.0.1:1", plainHttp: true, allowPrivateAddress: true }]',
    });
    const args = [
      'verify',
      '127.0.0.1:1/shop/web:v1',
      '--key',
      'release.pub',
      '--config',
      `${config}/c.yaml`,
    ];
    const ended = await stage.run(args);
    expect([ended.code, ended.stdout]).toEqual([3, expect.stringContaining('connection refused')]);
  });

  test('the logins of docker are used', async () => {
    const guarded = await stageRegistry({ auth: { mode: 'bearer', users: { ann: { password: 'secret' } } } });
    const web = image({ user: '1000' });
    guarded.registry.push('shop/web', web, 'v1');
    guarded.registry.push('shop/web', simpleSignature(web, release.sign), tagFor(web, 'sig'));
    const args = ['verify', `${guarded.host}/shop/web:v1`, ...guarded.config, '--key', 'release.pub'];
    expect((await guarded.run(args, { cwd: files })).code).toBe(3);
    guarded.login('ann', 'secret');
    expect((await guarded.run(args, { cwd: files })).code).toBe(0);
  });
});

describe('2: usage, and policies, keys and roots that cannot be used', () => {
  const name = 'registry.example.com/shop/web:v1';
  const noFolder = '/nowhere/policies';
  test.each<readonly [string, readonly string[], string]>([
    ['nobody is asked for', [], 'say who has to have signed: --policies'],
    ['two ways', ['--key', 'release.pub', '--policies', 'p'], 'not two of them'],
    ['a key and an identity', ['--key', 'release.pub', ...byAcme.slice(0, 4)], 'not two of them'],
    ['an identity without issuer', byAcme.slice(0, 2), 'belong together'],
    ['an issuer without identity', byAcme.slice(2, 4), 'belong together'],
    [
      'a root beside a key',
      ['--key', 'release.pub', '--trusted-root', 'acme.json'],
      '--trusted-root stands beside',
    ],
    ['a key that is none', ['--key', 'no-key.pub'], '--key no-key.pub: '],
    ['a key that is not there', ['--key', 'gone.pub'], 'gone.pub: '],
    [
      'a root that is broken',
      [...byAcme.slice(0, 4), '--trusted-root', 'broken.json'],
      '--trusted-root broken.json: ',
    ],
    [
      'an issuer with a wildcard',
      [...byAcme.slice(0, 2), '--certificate-oidc-issuer', 'https://*'],
      '--certificate-oidc-issuer: an issuer is compared exactly',
    ],
    [
      'a type that is none',
      ['--key', 'release.pub', '--type', 'slsaprovnance1'],
      'did you mean slsaprovenance1?',
    ],
    ['policies that are not there', ['--policies', noFolder], noFolder],
    [
      'policies that ask for no signature',
      policies([{ tags: { deny: ['latest'] } }]),
      'none of the 1 policies asks who signed',
    ],
    [
      'policies for other images',
      policies([signedBy(release)], { match: { images: ['other.example.com/**'] } }),
      'none of the 1 policies asks who signed',
    ],
    [
      'no attestation of that type',
      [...policies([signedBy(release)]), '--type', slsa],
      'asks for attestations of this type',
    ],
    ['-n without policies', ['--key', 'release.pub', '-n', 'shop'], '-n chooses among policies'],
    ['-n that is no namespace', [...policies([signedBy(release)]), '-n', 'a/b'], 'a namespace is named by'],
    ['a KMS', ['--kms', 'awskms:///alias/x'], '--kms is not there yet'],
    ['Notation', ['--notation-policy', 'p.json'], '--notation-policy is not there yet'],
    ['a trust store', ['--trust-store', 'd'], '--trust-store is not there yet'],
    ['another format', ['--key', 'release.pub', '-o', 'sarf'], 'did you mean sarif?'],
  ])('%s', async (_title, args, sentence) => {
    const ended = await stage.verify(name, ...args);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  test('a name that is none', async () => {
    const ended = await stage.verify('Shop/Web', '--key', 'release.pub');
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain("'Shop/Web' is no image reference");
  });

  test('policies of the environment are for calls that name nobody', async () => {
    const { name: signed } = stage.push(sig(release));
    const folder = folderWith({ 'p.json': policyText('signed', { checks: [signedBy(stranger)] }) });
    const env = { IMAGEGATE_POLICIES: folder };
    const args = ['verify', signed, ...stage.config];
    expect((await stage.run(args, { env })).code).toBe(1);
    expect((await stage.run([...args, '--key', 'release.pub'], { env })).code).toBe(0);
  });
});
