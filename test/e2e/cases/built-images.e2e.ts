import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { ImageVerification } from '../../../src/core/decision/image-verification.ts';
import { image, type FakeManifest } from '../../fakes/registry/registry-content.ts';
import { buildkitAttestations, buildkitIndex } from '../../fakes/signature/signed-candidates.ts';
import { statement } from '../../fakes/signature/signed-layers.ts';
import type { CosignKey, SignatureForm } from '../harness/cosign.ts';
import { createPod, decisionOn, detailsOf, type CreatedPod } from '../harness/evidence-judged.ts';
import { stageEvidence } from '../harness/evidence-stage.ts';
import { imagegate } from '../harness/imagegate.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { putPolicy, untilJudged } from '../harness/policies.ts';
import { oras } from '../harness/registry-commands.ts';
import { pushManifest } from '../harness/registry-push.ts';
import { startSigningRegistries, type RegistryName } from '../harness/signing-registries.ts';

/** Each cosign, where it puts signatures by itself. */
const writers: readonly { where: RegistryName; major: 2 | 3; form: SignatureForm }[] = [
  { where: 'docker', major: 2, form: 'tag' },
  { where: 'docker', major: 3, form: 'bundle' },
  { where: 'go', major: 2, form: 'tag' },
  { where: 'go', major: 3, form: 'bundle' },
];
type Writer = (typeof writers)[number];

const slsa = 'https://slsa.dev/provenance/v1';
const builder = 'https://ci.example.com/buildkit';
const platforms = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
/** As BuildKit writes it, in `mode=max` of version 1. */
const provenance = (id: string) => ({
  buildDefinition: {
    buildType: 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md',
    externalParameters: {
      configSource: { uri: 'https://git.example.com/team/app.git#refs/tags/v1.2.3', path: 'Dockerfile' },
      request: { frontend: 'dockerfile.v0' },
    },
    resolvedDependencies: [],
  },
  runDetails: { builder: { id } },
});

describe('what a builder says of its images without signing it', () => {
  const stage = stageEvidence(() => startSigningRegistries());
  const { cluster } = stage;
  let namespace: string;
  let release: CosignKey;
  let stranger: CosignKey;

  const policy = (name: string, namespaces: string) => ({
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'ImagePolicy',
    metadata: { name },
    spec: {
      match: { namespaces: { include: [namespaces] } },
      multiArch: { mode: 'each-platform' },
      checks: [
        {
          attestation: {
            predicateType: 'slsaprovenance1',
            authorities: [{ name: 'release', key: { pem: release.pem } }],
            provenance: { builders: [builder] },
          },
        },
      ],
    },
  });

  beforeAll(async () => {
    release = await stage.around.cosigns[3].generateKey('release');
    stranger = await stage.around.cosigns[3].generateKey('stranger');
    namespace = await createNamespace(cluster);
    await putPolicy(cluster, policy(`built-${namespace}`, namespace));
    await untilJudged(cluster, namespace, false);
  });

  const repositoryAt = (where: RegistryName): string => `${stage.around.registries[where].host}/team/app`;
  const sign = ({ where, major, form }: Writer, digest: string, key = release) =>
    stage.around.cosigns[major].sign(`${repositoryAt(where)}@${digest}`, key, form);
  const create = (where: RegistryName, digest: string): Promise<CreatedPod> =>
    createPod(cluster, namespace, `${repositoryAt(where)}@${digest}`);
  const refusedBy = (code: string) => ({
    status: 403,
    message: expect.stringContaining(`check attestation: ${code},`) as string,
  });

  /** Images for two platforms, each with what BuildKit says of it. */
  const build = async (where: RegistryName, by = builder): Promise<FakeManifest> => {
    const labels = { test: String(Math.random()) };
    const made = buildkitIndex(
      platforms.map((platform) => {
        const one = image({ labels, platform });
        return [one, buildkitAttestations(one, { [slsa]: provenance(by) })] as const;
      }),
    );
    await pushManifest(stage.around.registries[where], 'team/app', made);
    return made;
  };
  /** An image with a statement about it that oras attached. @returns both digests */
  const attach = async (where: RegistryName) => {
    const made = image({ labels: { test: String(Math.random()) } });
    await pushManifest(stage.around.registries[where], 'team/app', made);
    const file = join(stage.around.folder, 'statement.json');
    writeFileSync(
      file,
      statement({ digest: made.digest, predicateType: slsa, predicate: provenance(builder) }),
    );
    const type = 'application/vnd.in-toto+json';
    const named = `${repositoryAt(where)}@${made.digest}`;
    const flags = ['--plain-http', '--disable-path-validation', '--format', 'go-template={{.digest}}'];
    const attached = await oras(['attach', ...flags, '--artifact-type', type, named, `${file}:${type}`]);
    return { digest: made.digest, carrier: attached.trim() };
  };
  /** The record of an admitted Pod, as `explain` shows it. */
  const explained = async ({ name }: CreatedPod): Promise<string> => {
    const { id } = await decisionOn(stage.gate, { namespace, name });
    const { stdout } = await imagegate(['explain', id, '--data', stage.gate.data]);
    return stdout.replaceAll(/\s+/g, ' ');
  };

  describe.each(writers)('signed by cosign $major as $form ($where)', (writer) => {
    const { where } = writer;

    it('counts for each image, where the index is signed that lists it', async () => {
      const made = await build(where);
      await sign(writer, made.digest);
      const pod = await create(where, made.digest);
      expect([pod.status, pod.message]).toEqual([201, '']);
      expect(await explained(pod)).toContain(
        `statement in the signed index ${made.digest.slice(0, 'sha256:'.length + 12)}`,
      );
    });

    it('counts where the manifest is signed that holds it', async () => {
      const { digest, carrier } = await attach(where);
      await sign(writer, carrier);
      const pod = await create(where, digest);
      expect([pod.status, pod.message]).toEqual([201, '']);
      expect(await explained(pod)).toContain(
        `statement in the signed manifest ${carrier.slice(0, 'sha256:'.length + 12)}`,
      );
    });

    it('is refused where a stranger signed either', async () => {
      const [made, { digest, carrier }] = [await build(where), await attach(where)];
      await sign(writer, made.digest, stranger);
      await sign(writer, carrier, stranger);
      expect(await create(where, made.digest)).toMatchObject(refusedBy('signature-untrusted'));
      expect(await create(where, digest)).toMatchObject(refusedBy('signature-untrusted'));
    });

    it('is refused where the image is signed, and not what holds the statement', async () => {
      const { digest } = await attach(where);
      await sign(writer, digest);
      const pod = await create(where, digest);
      expect(pod.status).toBe(403);
      expect(detailsOf(await decisionOn(stage.gate, { namespace, name: pod.name }))).toContain('unsigned');
    });

    it('is refused where it does not say what is asked, whoever signed it', async () => {
      const made = await build(where, 'https://elsewhere.example.com');
      await sign(writer, made.digest);
      expect(await create(where, made.digest)).toMatchObject(refusedBy('attestation-condition'));
    });
  });

  it.each(['docker', 'go'] as const)('is refused where nobody signed (%s)', async (where) => {
    const [made, { digest }] = [await build(where), await attach(where)];
    expect(await create(where, made.digest)).toMatchObject(refusedBy('attestation-missing'));
    expect(await create(where, digest)).toMatchObject(refusedBy('attestation-missing'));
  });

  it('is refused where the workload names an image of the signed index by itself', async () => {
    const made = await build('go');
    await sign(writers[3]!, made.digest);
    expect(await create('go', made.children[0]!.digest)).toMatchObject(refusedBy('attestation-missing'));
  });

  it('S4: an attestation about the index is no signature of it', async () => {
    const made = await build('go');
    const named = `${repositoryAt('go')}@${made.digest}`;
    const said = { type: 'slsaprovenance1', predicate: provenance(builder) };
    await stage.around.cosigns[3].attest(named, release, 'bundle', said);
    expect((await create('go', made.digest)).status).toBe(403);
  });

  it('`verify` and `check image` say the same, and what was signed', async () => {
    const made = await build('docker');
    await sign(writers[0]!, made.digest);
    const { folder, config } = stage.around;
    const files = { policy: join(folder, 'policy.yaml'), config: join(folder, 'config.yaml') };
    writeFileSync(files.policy, stringify(policy('built', '*')));
    writeFileSync(files.config, stringify(config));
    const named = `${repositoryAt('docker')}@${made.digest}`;
    const by = ['--policies', files.policy, '--config', files.config];
    expect(await imagegate(['check', 'image', named, ...by])).toMatchObject({ code: 0 });
    const { code, stdout } = await imagegate(['verify', named, ...by, '-o', 'json']);
    expect(code).toBe(0);
    const { candidates } = JSON.parse(stdout) as ImageVerification;
    expect(candidates.filter(({ carrier }) => carrier?.digest === made.digest)).toHaveLength(2);
    const shown = (await imagegate(['verify', named, ...by])).stdout.replaceAll(/\s+/g, ' ');
    expect(shown).toContain(`statement, ${repositoryAt('docker')} (index) signed the index ${made.digest}`);
  });
});
