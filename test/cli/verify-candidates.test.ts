import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { image, index, type FakeManifest } from '../fakes/registry/registry-content.ts';
import {
  buildkitAttestations,
  buildkitIndex,
  bundleSignature,
  candidateOf,
  simpleSignature,
  tagFor,
} from '../fakes/signature/signed-candidates.ts';
import { dsseLayer, simplePayload, simpleSigningLayer, statement } from '../fakes/signature/signed-layers.ts';
import { identity, issuerUrl } from '../fakes/signature/sigstore-instance.ts';
import { folderWith } from './imagegate.ts';
import { policyText } from './policies.ts';
import {
  acme,
  authority,
  bundle,
  byAcme,
  keyless,
  policies,
  release,
  sig,
  signedBy,
  slsa,
  stageVerify,
  stranger,
  type VerifyStage,
} from './verify-stage.ts';

let stage: VerifyStage;
beforeAll(async () => {
  stage = await stageVerify();
});

describe('every candidate is shown, and no good one ends the search', () => {
  test('whom it is by, where it stands, what was checked and what was not (S13, F4)', async () => {
    const { name, web } = stage.push(
      sig(release, stranger),
      bundle(release),
      bundle(stranger),
      bundle(release, slsa),
    );
    const { candidates, checks, image: about, sources } = await stage.report(name, '--key', 'release.pub');
    expect(about).toMatchObject({ given: name, digest: web.digest, tried: ['anonymous: used'] });
    expect(candidates).toHaveLength(5);
    const counting = candidates.filter(({ authorities }) => authorities.some(({ counts }) => counts));
    const sorted = counting.toSorted((one) => (one.form === 'bundle' ? 1 : -1));
    expect(sorted).toMatchObject([
      {
        form: 'simple-signing',
        sources: ['signature-tag'],
        signer: { kind: 'key' },
        checks: [
          { check: 'signature', outcome: 'passed' },
          { check: 'log', outcome: 'not-made' },
          { check: 'timestamp', outcome: 'not-made' },
        ],
      },
      { form: 'bundle', sources: ['referrers'] },
    ]);
    expect(checks[0]?.authorities).toEqual([
      { name: 'key', candidates: counting.map(({ digest }) => digest) },
    ]);
    const others = candidates.flatMap(({ rejected }) => (rejected === undefined ? [] : [rejected.fault]));
    expect(others.sort()).toEqual(['mismatch', 'untrusted', 'untrusted']);
    expect(sources.map(({ source, state }) => `${source} ${state}`)).toEqual([
      'signature-tag known',
      'referrers known',
      'referrers-tag absent',
    ]);
  });

  test('a certificate: its names, issuer and fields whole, its log and times, and why it does not count', async () => {
    const { name } = stage.push(keyless);
    const wanted = ['--certificate-identity', 'release@acme.example', ...byAcme.slice(2)];
    const { candidates } = await stage.report(name, ...wanted);
    expect(candidates).toMatchObject([
      {
        signer: {
          kind: 'certificate',
          trustRoot: 'trusted-root',
          names: [{ kind: 'uri', value: identity }],
          issuer: issuerUrl,
          fields: { sourceRepositoryUri: 'https://github.com/acme/web' },
        },
        logs: [{ trustRoot: 'trusted-root' }],
        times: [{ from: 'log' }],
        authorities: [
          { authority: 'identity', counts: false, why: 'its name is none that the policy names' },
        ],
      },
    ]);
    const passed = candidates[0]?.checks.filter(({ outcome }) => outcome === 'passed');
    expect(passed?.map(({ check }) => check)).toEqual(['signature', 'certificate', 'certificate-log', 'log']);
  });

  test('an index: its own signature, and those of the images in it', async () => {
    const children = ['amd64', 'arm64'].map((architecture) =>
      image({ user: '1', platform: { os: 'linux', architecture } }),
    );
    const made = index(children);
    stage.registry.push('shop/index', made, 'v1');
    stage.registry.push(
      'shop/index',
      simpleSignature(children[0]!, release.sign),
      tagFor(children[0]!, 'sig'),
    );
    const each = policies([signedBy(release)], { multiArch: { mode: 'each-platform' } });
    const before = await stage.report(`${stage.host}/shop/index:v1`, ...each);
    expect(before.code).toBe(1);
    expect(before.candidates).toMatchObject([{ platform: 'linux/amd64', about: children[0]!.digest }]);
    stage.registry.push('shop/index', simpleSignature(made, release.sign), tagFor(made, 'sig'));
    const after = await stage.report(`${stage.host}/shop/index:v1`, ...each);
    expect(after.code).toBe(0);
    expect(after.candidates.map(({ platform = 'the index' }) => platform)).toEqual([
      'the index',
      'linux/amd64',
    ]);
  });
});

describe('by policies: those that match the image, and of them signatures and attestations alone', () => {
  test('other checks are no matter of it, nor is the mode', async () => {
    const { name } = stage.push(sig(release));
    const others = [{ tags: { deny: ['v1'] } }, { registries: { allow: ['other.example.com/**'] } }];
    const audit = policies([...others, signedBy(release)], { mode: 'Audit' });
    expect((await stage.verify(name, ...audit)).code).toBe(0);
    expect((await stage.verify(stage.push(sig(stranger)).name, ...audit)).code).toBe(1);
  });

  test('both kinds of checks have to be met, each by its own', async () => {
    const both = policies([
      signedBy(release),
      { attestation: { predicateType: slsa, authorities: [authority(release)] } },
    ]);
    expect((await stage.verify(stage.push(sig(release), bundle(release, slsa)).name, ...both)).code).toBe(0);
    const signed = await stage.report(stage.push(sig(release)).name, ...both);
    expect([signed.code, signed.checks.map(({ check, met }) => [check, met])]).toEqual([
      1,
      [
        ['signature', true],
        ['attestation', false],
      ],
    ]);
    // --type asks for that alone.
    const attested = stage.push(bundle(release, slsa)).name;
    expect((await stage.verify(attested, ...both)).code).toBe(1);
    expect((await stage.verify(attested, ...both, '--type', slsa)).code).toBe(0);
  });

  test('two authorities, each with a signer of its own', async () => {
    const two = policies([signedBy(release, stranger)]);
    const one = await stage.report(stage.push(sig(release)).name, ...two);
    expect([one.code, one.findings.map(({ code }) => code)]).toEqual([1, ['signature-threshold']]);
    expect(one.checks[0]?.authorities.map(({ candidates }) => candidates.length)).toEqual([1, 0]);
    expect((await stage.verify(stage.push(sig(release, stranger)).name, ...two)).code).toBe(0);
  });

  test('a second check of one kind has a name of its own', async () => {
    const found = await stage.report(
      stage.push(sig(release)).name,
      ...policies([signedBy(release), signedBy(stranger)]),
    );
    expect(found.checks.map(({ check, met }) => [check, met])).toEqual([
      ['signature', true],
      ['signature 2', false],
    ]);
  });

  test('-n: those of one namespace', async () => {
    const { name } = stage.push(sig(release));
    const folder = folderWith({
      'a.json': policyText('a', {
        match: { namespaces: { include: ['shop'] } },
        checks: [signedBy(release)],
      }),
      'b.json': policyText('b', {
        match: { namespaces: { include: ['bank'] } },
        checks: [signedBy(stranger)],
      }),
    });
    const codeIn = async (...args: readonly string[]) =>
      (await stage.verify(name, '--policies', folder, ...args)).code;
    expect(
      await Promise.all([codeIn(), codeIn('-n', 'shop'), codeIn('-n', 'bank'), codeIn('-n', 'else')]),
    ).toEqual([1, 0, 1, 2]);
  });

  test('a TrustRoot of the folder', async () => {
    const folder = folderWith({
      'acme.json': JSON.stringify({
        apiVersion: 'imagegate.dev/v1alpha1',
        kind: 'TrustRoot',
        metadata: { name: 'acme' },
        spec: { sigstore: { trustedRoot: JSON.stringify(acme.trustedRoot) } },
      }),
      'p.json': policyText('signed', {
        checks: [
          {
            signature: {
              authorities: [
                {
                  name: 'ci',
                  keyless: { trustRoot: 'acme', identities: [{ issuer: issuerUrl, subject: identity }] },
                },
              ],
            },
          },
        ],
      }),
    });
    const found = await stage.report(stage.push(keyless).name, '--policies', folder);
    expect([found.code, Object.keys(found.versions).sort()]).toEqual([
      0,
      ['gate', 'policies', 'trustRoot/acme'],
    ]);
  });
});

describe('what is printed', () => {
  test('the table fits 80 columns and names all that somebody looks for', async () => {
    const { name, web } = stage.push(sig(release, stranger), bundle(release, slsa), keyless);
    const ended = await stage.verify(name, '--key', 'release.pub');
    // A word that is longer stays whole, so that it can be copied.
    expect(
      ended.stdout.split('\n').filter((line) => line.length > 80 && line.slice(9).includes(' ')),
    ).toEqual([]);
    expect(ended.stdout).toMatch(new RegExp(`^valid {2}${name}\n {2}digest ${web.digest}\n`));
    for (const text of [
      ' (.sig)',
      'checks signature passed; log not checked; timestamp not checked',
      '  for    key (policy flags, signature)',
      'policy flags, signature: met\n  key: satisfied by number ',
      '(.sig, referrers, fallback tag)',
    ])
      expect(ended.stdout).toContain(text);
    expect(ended.stderr).toBe('valid; 4 candidates read, 1 of them counts\n');
    const quiet = await stage.verify(name, '--key', 'release.pub', '-q');
    expect([quiet.stdout, quiet.stderr]).toEqual([ended.stdout, '']);
  });

  test('a bare statement: what was signed in its place', async () => {
    const one = image({ platform: { os: 'linux', architecture: 'amd64' }, user: 'built' });
    const made = buildkitIndex([[one, buildkitAttestations(one, { [slsa]: {} })]]);
    stage.registry.push('shop/built', made);
    stage.registry.push('shop/built', bundleSignature(made, release.sign));
    const name = `${stage.host}/shop/built@${made.digest}`;
    const attestation = { predicateType: slsa, authorities: [authority(release)] };
    const by = policies([{ attestation }], { multiArch: { mode: 'each-platform' } });
    const { code, candidates } = await stage.report(name, ...by);
    expect(code).toBe(0);
    expect(candidates.filter(({ carrier }) => carrier !== undefined)).toMatchObject([
      { form: 'statement', about: one.digest, carrier: { kind: 'index', digest: made.digest } },
    ]);
    const { stdout } = await stage.verify(name, ...by);
    expect(stdout).toContain(`\n  signed the index\n         ${made.digest}\n`);
    const checked = await stage.run(['check', 'image', name, ...by, ...stage.config]);
    expect(checked.stdout).toContain(`(statement in the signed index ${made.digest.slice(0, 19)}`);
  });

  test('an identity is shown whole, in each format', async () => {
    const { name } = stage.push(keyless);
    const file = `${folderWith()}/out.yaml`;
    const ended = await stage.verify(name, ...byAcme, '-o', 'table', '-o', `yaml=${file}`);
    expect(ended.stdout).toContain(`  signer ${identity}`);
    expect(readFileSync(file, 'utf8')).toContain(`value: ${identity}`);
  });

  test('texts of strangers are escaped and cut', async () => {
    const evil = '\u001b[31mred\u202e';
    const payload = (web: FakeManifest): Uint8Array =>
      simplePayload(web.digest, { name: `${evil}/${'x'.repeat(2000)}`, optional: { [evil]: evil } });
    const { name } = stage.push(
      (web) => [candidateOf([simpleSigningLayer(release.sign, payload(web))]), tagFor(web, 'sig')],
      (web) => [
        candidateOf([
          dsseLayer([release.sign], statement({ digest: web.digest, predicateType: `https://${evil}` })),
        ]),
        tagFor(web, 'att'),
      ],
    );
    for (const more of [[], ['-o', 'json'], ['-o', 'yaml']]) {
      const both = policies([
        signedBy(release),
        { attestation: { predicateType: slsa, authorities: [authority(release)] } },
      ]);
      const { stdout, code } = await stage.verify(name, ...both, ...more);
      expect(code).toBe(1);
      // eslint-disable-next-line no-control-regex
      expect(stdout).not.toMatch(/[\u001b\u202e]|x{600}/);
      expect(stdout).toContain('u{1b}');
    }
  });
});
