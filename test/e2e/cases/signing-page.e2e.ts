import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { image } from '../../fakes/registry/registry-content.ts';
import { buildkitAttestations, buildkitIndex } from '../../fakes/signature/signed-candidates.ts';
import { blocks, read, section } from '../../markdown.ts';
import { createCosign } from '../harness/cosign.ts';
import { rowOf } from '../harness/evidence-stage.ts';
import { startGoRegistry } from '../harness/go-registry.ts';
import { imagegateProgram } from '../harness/imagegate.ts';
import { installCosign } from '../harness/install-cosign.ts';
import { githubClaims, githubIssuer } from '../harness/oidc-issuers.ts';
import { runTool } from '../harness/registry-commands.ts';
import type { RunningRegistry } from '../harness/registry-process.ts';
import { pushManifest } from '../harness/registry-push.ts';
import { startSigstore, type RunningSigstore } from '../harness/sigstore.ts';

const page = read('docs/signing.md');
const attestations = read('docs/attestations.md');
const bare = '## Statements without an envelope';
const folder = mkdtempSync(join(tmpdir(), 'imagegate-signing-'));
const programs = join(folder, 'bin');
const keyed = '## With a key, in ten minutes';
const keyless = '## Without a key';
const attested = '## What somebody attested';
const verified = '## Who signed an image';

let registry: RunningRegistry;
let sigstore: RunningSigstore;
let environment: Readonly<Record<string, string>>;

const program = (name: string, script: string): void => {
  const path = join(programs, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
};

/** All commands below a heading, as a reader would type them, in one folder. */
const follow = (heading: string, text = page) => {
  const commands = blocks(section(text, heading), 'sh');
  expect(commands.length).toBeGreaterThan(0);
  return runTool('sh', ['-euc', `cd ${folder}\n${commands.join('\n')}`], environment);
};

beforeAll(async () => {
  mkdirSync(programs);
  registry = await startGoRegistry();
  const cosign = createCosign(3, { folder });
  sigstore = await startSigstore(folder, cosign);
  const push = async (name: string): Promise<string> => {
    const made = image({ labels: { name } });
    await pushManifest(registry, 'shop/web', made, name);
    return `${registry.host}/shop/web@${made.digest}`;
  };
  const pushBuilt = async (): Promise<string> => {
    const predicate = {
      buildDefinition: {
        externalParameters: {
          configSource: { uri: 'https://git.example.com/shop/web.git#refs/tags/v1.2.3' },
        },
      },
    };
    const one = image({ platform: { os: 'linux', architecture: 'amd64' } });
    const said = buildkitAttestations(one, { 'https://slsa.dev/provenance/v1': predicate });
    const made = buildkitIndex([[one, said]]);
    await pushManifest(registry, 'built/web', made);
    return `${registry.host}/built/web@${made.digest}`;
  };
  const job = {
    repository: 'acme/shop',
    ref: 'refs/tags/v1.2.3',
    jobWorkflow: 'acme/shop/.github/workflows/release.yml@refs/tags/v1.2.3',
  };
  const token = sigstore.issuers.token(githubIssuer, githubClaims(job));
  program('imagegate', `exec '${process.execPath}' '${imagegateProgram}' "$@"`);
  // The job of the reader has a token, and reaches the public instances. A private instance stands in for them.
  program(
    'cosign',
    `case "$*" in
      *--key*|generate-key-pair*) exec '${installCosign(3)}' "$@" ;;
      *) exec '${installCosign(3)}' "$@" --signing-config '${sigstore.signingConfigFile}' --trusted-root '${sigstore.trustedRootFile}' --identity-token '${token}' ;;
    esac`,
  );
  writeFileSync(join(folder, 'config.yaml'), stringify({ registries: [rowOf(registry)] }));
  environment = {
    PATH: `${programs}:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    COSIGN_PASSWORD: '',
    HTTPS_PROXY: 'http://127.0.0.1:9',
    IMAGEGATE_CONFIG: join(folder, 'config.yaml'),
    REGISTRY: registry.host,
    IMAGE: await push('v1'),
    UNSIGNED: await push('unsigned'),
    INDEX: await pushBuilt(),
  };
});
afterAll(async () => {
  await Promise.all([registry.stop(), sigstore.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

it('docs/signing.md, with a key: what is signed passes, and what nobody signed is refused', async () => {
  const { code, stdout, stderr } = await follow(keyed);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  expect(stdout).toContain('found signed by key sha256:');
  expect(stdout).toContain('signature-missing');
});

it('docs/signing.md, without a key: the identity passes, and lint has nothing to say', async () => {
  const root = { apiVersion: 'imagegate.dev/v1alpha1', kind: 'TrustRoot', metadata: { name: 'sigstore' } };
  const spec = { sigstore: { trustedRoot: sigstore.trustedRoot } };
  writeFileSync(join(folder, 'policies', 'trust-root.yaml'), stringify({ ...root, spec }));
  const { code, stdout, stderr } = await follow(keyless);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  // The registry of a reader has no port.
  expect(stdout.split('\n').filter((line) => line !== '' && !line.includes('covers port'))).toEqual([]);
  const judged = await runTool(
    join(programs, 'imagegate'),
    ['check', 'image', environment['IMAGE'] ?? '', '--policies', join(folder, 'policies')],
    environment,
  );
  expect(judged).toMatchObject({ code: 0, stdout: expect.stringContaining('acme/shop') });
});

it('docs/signing.md, what somebody attested: the statement passes with its conditions', async () => {
  const { code, stdout, stderr } = await follow(attested);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  expect(stdout).toContain('attested');
});

it('docs/signing.md, who signed an image: the key, the statement, and what the policies ask', async () => {
  const { code, stdout, stderr } = await follow(verified);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  expect(stdout).toContain('policy flags, signature: met');
  expect(stdout).toContain('policy flags, attestation: met');
  expect(stdout).toContain('"sourceRepositoryUri": "https://github.com/acme/shop"');
});

it('docs/attestations.md, statements without an envelope: they count by who signed the index', async () => {
  const [policy = ''] = blocks(section(attestations, bare), 'yaml');
  const replace = (field: string, value: unknown): unknown => {
    if (field === 'pem') return readFileSync(join(folder, 'cosign.pub'), 'utf8');
    return typeof value === 'string' ? value.replace('registry.example.com', registry.host) : value;
  };
  // The folder of the reader holds this policy alone.
  rmSync(join(folder, 'policies'), { recursive: true });
  mkdirSync(join(folder, 'policies'));
  writeFileSync(join(folder, 'policies', 'built.yaml'), JSON.stringify(parse(policy), replace));
  const { code, stdout, stderr } = await follow(bare, attestations);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  expect(stdout).toContain('statement in the signed index');
  expect(stdout).toContain('policy built-by-buildkit, attestation: met');
});
