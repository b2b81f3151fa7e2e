import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { folderWith, imagegate } from './cli/imagegate.ts';
import { stageRegistry } from './cli/registry-stage.ts';
import {
  acme,
  actions,
  attestedByGithub,
  bundleByKey,
  byCertificate,
  byIdentity,
  byKey,
  byNobody,
  documents,
  github,
  keyOf,
  now,
  owner,
  partnerName,
  pipeline,
  publicGood,
  replaced,
  repositoryOf,
  review,
  reviewType,
  theft,
  valid,
  workflow,
  type Beside,
  type Policy,
} from './cli/signers-stage.ts';
import { image } from './fakes/registry/registry-content.ts';
import { commonName, name } from './fakes/signature/certificate-authority.ts';
import { buildkitAttestations, buildkitIndex, bundleSignature } from './fakes/signature/signed-candidates.ts';
import { ecKey, type SigningKey } from './fakes/signature/signed-layers.ts';
import { day, minute } from './fakes/signature/sigstore-instance.ts';
import { blocks, read, root } from './markdown.ts';

/** The policy, what stands beside an image, and what is found. */
const cases: readonly (readonly [string, string, readonly Beside[], readonly string[]])[] = [
  ['by-key', 'its key', [byKey('by-key', 'release')], []],
  ['by-key', 'another key', [byNobody], ['signature-untrusted']],

  [
    'by-identity',
    'the workflow (URI)',
    [byIdentity(publicGood, actions, workflow('release.yml@refs/tags/v1'))],
    [],
  ],
  [
    'by-identity',
    'another workflow',
    [byIdentity(publicGood, actions, workflow('test.yml@refs/tags/v1'))],
    ['signature-untrusted'],
  ],
  [
    'by-identity',
    'the workflow, says another instance',
    [byIdentity(acme, actions, workflow('release.yml@refs/tags/v1'))],
    ['signature-untrusted'],
  ],
  [
    'by-identity',
    'the pipeline (URI)',
    [byIdentity(publicGood, 'https://gitlab.com', pipeline('acme/web//.gitlab-ci.yml'))],
    [],
  ],
  [
    'by-identity',
    'the pipeline of a subgroup',
    [byIdentity(publicGood, 'https://gitlab.com', pipeline('acme/web/fork//.gitlab-ci.yml'))],
    ['signature-untrusted'],
  ],
  [
    'by-identity',
    'a person (e-mail)',
    [byIdentity(publicGood, 'https://accounts.google.com', name.email('eve@release.acme.example'))],
    [],
  ],
  [
    'by-identity',
    'a person, says another issuer',
    [byIdentity(publicGood, 'https://login.evil.example', name.email('eve@release.acme.example'))],
    ['signature-untrusted'],
  ],
  [
    'by-machine',
    'a user name (otherName)',
    [byIdentity(acme, 'https://login.acme.example', name.other('builder-7!acme.example'))],
    [],
  ],
  [
    'by-machine',
    'a user name that holds the expression',
    [byIdentity(acme, 'https://login.acme.example', name.other('a-builder-7!acme.example'))],
    ['signature-untrusted'],
  ],
  [
    'by-machine',
    'a host name (DNS)',
    [byIdentity(acme, 'https://login.acme.example', name.dns('build.acme.example'))],
    [],
  ],
  [
    'by-machine',
    'a host below it',
    [byIdentity(acme, 'https://login.acme.example', name.dns('evil.build.acme.example'))],
    ['signature-untrusted'],
  ],
  ['by-github', 'a build from a tag', [attestedByGithub('acme', 'refs/tags/v1')], []],
  [
    'by-github',
    'a build of somebody else',
    [attestedByGithub('evil', 'refs/tags/v1')],
    ['signature-untrusted'],
  ],
  [
    'by-github',
    'a build from a branch',
    [attestedByGithub('acme', 'refs/heads/main')],
    ['attestation-condition'],
  ],
  [
    'by-github',
    'a build, says another instance',
    [attestedByGithub('acme', 'refs/tags/v1', acme)],
    ['signature-untrusted'],
  ],

  [
    'by-certificate',
    'the subject',
    [byCertificate(commonName('x'), name.email('release@partner.example'))],
    [],
  ],
  [
    'by-certificate',
    'the distinguished name',
    [byCertificate(partnerName('Release'), name.email('x@partner.example'))],
    [],
  ],
  [
    'by-certificate',
    'others',
    [byCertificate(partnerName('Sales'), name.email('x@partner.example'))],
    ['signature-untrusted'],
  ],
  [
    'by-certificate',
    'the subject, in a certificate that has ended',
    [
      byCertificate(commonName('x'), name.email('release@partner.example'), {
        begin: valid.begin,
        end: now - day,
      }),
    ],
    ['signature-expired'],
  ],

  ['by-two', 'one of them', [byKey('by-two', 'release')], ['signature-threshold']],
  [
    'by-two',
    'two of them, the older key before the theft',
    [byKey('by-two', 'release'), bundleByKey('by-two', 'pipeline', { at: theft - day })],
    [],
  ],
  [
    'by-two',
    'two of them, the older key after the theft',
    [byKey('by-two', 'release'), bundleByKey('by-two', 'pipeline', { at: theft + minute })],
    ['signature-threshold'],
  ],
  [
    'by-two',
    'two of them, the older key, dated by nobody whom the policy names',
    [
      byKey('by-two', 'release'),
      bundleByKey('by-two', 'pipeline', { at: theft - day, stampedBy: publicGood }),
    ],
    ['signature-threshold'],
  ],
  [
    'by-two',
    'two of them, the newer key',
    [byKey('by-two', 'release'), bundleByKey('by-two', 'pipeline-2')],
    [],
  ],

  ['signed', 'the key', [byKey('signed', 'release')], []],
  [
    'signed',
    'a workflow of the own organisation',
    [byIdentity(publicGood, actions, workflow('release.yml@refs/tags/v1'), { more: [owner('acme')] })],
    [],
  ],
  [
    'signed',
    'S7: the same workflow, called from elsewhere',
    [byIdentity(publicGood, actions, workflow('release.yml@refs/tags/v1'), { more: [owner('evil')] })],
    ['signature-untrusted'],
  ],
  ['signed', 'the partner', [byCertificate(commonName('x'), name.email('release@partner.example'))], []],
  [
    'signed',
    'somebody else at the partner',
    [byCertificate(partnerName('Release'), name.email('sales@partner.example'))],
    ['signature-untrusted'],
  ],
  [
    'listed',
    'a list of packages',
    [bundleByKey('listed', 'reviewer', { predicateType: 'https://spdx.dev/Document' })],
    [],
  ],
  [
    'listed',
    'something else',
    [bundleByKey('listed', 'reviewer', { predicateType: reviewType })],
    ['attestation-missing'],
  ],
  [
    'reviewed',
    'a bad one, and a good one after it',
    [review('reviewed', 9, 'failed'), review('reviewed', 2, 'passed', [{ severity: 6.9 }])],
    [],
  ],
  [
    'reviewed',
    'a good one, and a bad one after it',
    [review('reviewed', 9, 'passed'), review('reviewed', 2, 'failed')],
    ['attestation-condition'],
  ],
  [
    'reviewed',
    'a finding that is open',
    [review('reviewed', 2, 'passed', [{ severity: 7 }])],
    ['attestation-condition'],
  ],
  ['reviewed', 'one of last quarter', [review('reviewed', 31, 'passed')], ['signature-expired']],
  [
    'never-failed',
    'good ones',
    [review('never-failed', 0, 'passed'), review('never-failed', 0, 'passed', [{}])],
    [],
  ],
  [
    'never-failed',
    'a bad one beside a good one',
    [review('never-failed', 0, 'passed'), review('never-failed', 0, 'failed')],
    ['attestation-condition'],
  ],
];

const slsa = 'https://slsa.dev/provenance/v1';
/** What BuildKit writes of a build from a repository. */
const builtFrom = (ref: string) => ({
  buildDefinition: {
    buildType: 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md',
    externalParameters: { configSource: { uri: `https://git.example.com/shop/web.git#${ref}` } },
  },
  runDetails: { builder: { id: '' } },
});
const key = keyOf('built-by-buildkit', 'release');
/** What BuildKit built from which ref, who signed the index, and what is found. */
const builtCases: readonly (readonly [string, string, readonly SigningKey[], readonly string[]])[] = [
  ['the index is signed', 'refs/tags/v1', [key], []],
  ['the index is signed by a stranger', 'refs/tags/v1', [ecKey()], ['signature-untrusted']],
  ['nobody signed', 'refs/tags/v1', [], ['attestation-missing']],
  ['from a branch', 'refs/heads/main', [key], ['attestation-condition']],
];

describe('the signers of docs/signers.md, docs/attestations.md and docs/policy.md', () => {
  let found: readonly (readonly string[])[] = [];
  let built: readonly (readonly string[])[] = [];
  beforeAll(async () => {
    const stage = await stageRegistry();
    const { registry, host } = stage;
    const folder = folderWith({
      ...Object.fromEntries(documents.map((text, at) => [`${at}.yaml`, replaced(text, host)])),
      'github.jsonl': JSON.stringify(github.trustedRoot),
      // In place of the one that is shipped.
      'sigstore.yaml': JSON.stringify({
        apiVersion: 'imagegate.dev/v1alpha1',
        kind: 'TrustRoot',
        metadata: { name: 'sigstore' },
        spec: { sigstore: { trustedRoot: JSON.stringify(publicGood.trustedRoot) } },
      }),
    });
    const check = async (images: readonly string[]): Promise<readonly (readonly string[])[]> => {
      const args = ['check', 'image', ...images, '--policies', folder, ...stage.config, '-o', 'json'];
      const { stdout } = await stage.run(args);
      const { items } = JSON.parse(stdout) as { items: { findings: { code: string }[] }[] };
      return items.map(({ findings }) => findings.map(({ code }) => code));
    };
    const images = cases.map(([policy, what, beside], at) => {
      const web = image({ labels: { what } });
      const repository = repositoryOf(policy, `web${at}`);
      registry.push(repository, web);
      for (const make of beside) {
        const [made, tag] = make(web);
        registry.push(repository, made, ...(tag === undefined ? [] : [tag]));
      }
      return `${host}/${repository}@${web.digest}`;
    });
    found = await check(images);
    built = await check(
      builtCases.map(([, ref, signers], at) => {
        const repository = repositoryOf('built-by-buildkit', `web${at}`);
        const made = buildkitIndex(
          ['amd64', 'arm64'].map((architecture) => {
            const one = image({ platform: { os: 'linux', architecture }, labels: { at: String(at) } });
            return [one, buildkitAttestations(one, { [slsa]: builtFrom(ref) })];
          }),
        );
        registry.push(repository, made);
        for (const signer of signers) registry.push(repository, bundleSignature(made, signer.sign));
        return `${host}/${repository}@${made.digest}`;
      }),
    );
  }, 60_000);

  test.each(builtCases.map(([what, , , want], at) => [what, at, want] as const))(
    'built-by-buildkit: %s',
    (_what, at, want) => expect(built[at]).toEqual(want),
  );

  test.each(cases.map(([policy, what, , want], at) => [policy, what, at, want] as const))(
    '%s: %s',
    (_policy, _what, at, want) => expect(found[at]).toEqual(want),
  );

  test('each policy of docs/signers.md has one image that runs and one that does not', () => {
    const names = blocks(read('docs/signers.md'), 'yaml')
      .map((text) => parse(text) as Policy)
      .filter(({ spec }) => 'checks' in spec)
      .map(({ metadata }) => metadata.name);
    expect(names.length).toBeGreaterThan(4);
    for (const each of names) {
      const judged = cases.filter(([policy]) => policy === each);
      expect(new Set(judged.map(([, , , codes]) => codes.length > 0)).size).toBe(2);
    }
  });

  test('are accepted as they stand there', async () => {
    const publicRoot = readFileSync(join(root, 'src/adapters/trust-root/public-good.json'));
    const files = Object.fromEntries(documents.map((text, at) => [`${at}.yaml`, text]));
    const folder = folderWith({ ...files, 'github.jsonl': publicRoot });
    const ended = await imagegate(['policy', 'lint', folder]);
    expect(ended).toMatchObject({ code: 0 });
  });
});
