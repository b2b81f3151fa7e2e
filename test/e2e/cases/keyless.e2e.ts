import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { image, type FakeManifest } from '../../fakes/registry/registry-content.ts';
import { buildkitAttestations, buildkitIndex } from '../../fakes/signature/signed-candidates.ts';
import type { KubeObject } from '../harness/api.ts';
import type { CosignKey } from '../harness/cosign.ts';
import { createPod, decisionOn, type CreatedPod } from '../harness/evidence-judged.ts';
import { stageEvidence } from '../harness/evidence-stage.ts';
import { eventually } from '../harness/eventually.ts';
import { createNamespace } from '../harness/namespaces.ts';
import {
  emailClaims,
  emailIssuer,
  githubClaims,
  githubIssuer,
  gitlabClaims,
  gitlabIssuer,
  type OidcIssuer,
} from '../harness/oidc-issuers.ts';
import { putPolicy, untilJudged } from '../harness/policies.ts';
import { pushManifest } from '../harness/registry-push.ts';
import { startSigningRegistries, type RegistryName } from '../harness/signing-registries.ts';
import { startSigstore, type RunningSigstore } from '../harness/sigstore.ts';

const owner = 'https://github.com/acme';
const slsa = 'https://slsa.dev/provenance/v1';
const releaseWorkflow = 'acme/app/.github/workflows/release.yml';
/** A workflow that many repositories call: all of them sign under its name. */
const sharedWorkflow = 'acme/shared/.github/workflows/build.yml@refs/heads/main';
const release = githubClaims({
  repository: 'acme/app',
  ref: 'refs/tags/v1',
  jobWorkflow: `${releaseWorkflow}@refs/tags/v1`,
});

type Claims = Readonly<Record<string, unknown>>;
interface Signer {
  readonly issuer: OidcIssuer;
  readonly claims: Claims;
}
const ofGithub = (claims: Claims): Signer => ({ issuer: githubIssuer, claims });
const shared = (repository: string): Signer =>
  ofGithub(
    githubClaims({
      repository,
      ref: 'refs/heads/main',
      jobWorkflow: sharedWorkflow,
      workflow: `${repository}/.github/workflows/ci.yml@refs/heads/main`,
    }),
  );

/** Who may sign what lies in the folder of the same name. */
const identities = {
  github: { issuer: githubIssuer, subject: `https://github.com/${releaseWorkflow}@refs/tags/*` },
  hosted: {
    issuer: githubIssuer,
    subject: `https://github.com/acme/*/.github/workflows/*@refs/**`,
    runnerEnvironment: 'github-hosted',
  },
  shared: {
    issuer: githubIssuer,
    subject: `https://github.com/${sharedWorkflow}`,
    sourceRepositoryOwnerUri: owner,
  },
  gitlab: { issuer: gitlabIssuer, subject: 'https://gitlab.com/acme/app//.gitlab-ci.yml@refs/tags/*' },
  email: { issuer: emailIssuer, subject: 'release@acme.example' },
} as const;
type Folder = keyof typeof identities;

const trustRoot = (name: string, trustedRoot: string): KubeObject => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'TrustRoot',
  metadata: { name },
  spec: { sigstore: { trustedRoot } },
});

describe('images that somebody signed without a key of their own', () => {
  const stage = stageEvidence(async () => {
    const signing = await startSigningRegistries();
    const { folder, cosigns } = signing;
    const start = (name: string): Promise<RunningSigstore> => {
      mkdirSync(join(folder, name));
      return startSigstore(join(folder, name), cosigns[3]);
    };
    const [ours, theirs] = [await start('ours'), await start('theirs')];
    return {
      ...signing,
      cosign: cosigns[3],
      ours,
      theirs,
      close: async () => {
        await Promise.all([ours.stop(), theirs.stop()]);
        await signing.close();
      },
    };
  });
  const { cluster } = stage;
  let namespace: string;
  let key: CosignKey;

  const putTrustRoot = async (object: KubeObject): Promise<void> => {
    const path = `/apis/imagegate.dev/v1alpha1/trustroots/${object.metadata?.name}?fieldManager=e2e&force=true`;
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    const { status, message } = await cluster.api('PATCH', path, object, { headers });
    if (status !== 200 && status !== 201) throw new Error(`trust root: ${status} ${message}`);
  };
  const putChecks = (name: string, checks: readonly object[], more: object = {}): Promise<void> =>
    putPolicy(cluster, {
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'ImagePolicy',
      metadata: { name: `${name}-${namespace}` },
      spec: {
        match: {
          namespaces: { include: [namespace] },
          images: Object.values(stage.around.registries).map(({ host }) => `${host}/${name}/*`),
        },
        checks,
        ...more,
      },
    });
  const putAuthority = (name: string, authority: object): Promise<void> =>
    putChecks(name, [{ signature: { authorities: [{ name, ...authority }] } }]);
  let images = 0;
  const push = async (folder: string, where: RegistryName = 'docker'): Promise<string> => {
    const registry = stage.around.registries[where];
    const made = image({ labels: { test: `${++images} ${Math.random()}` } });
    await pushManifest(registry, `${folder}/app`, made, `v${images}`);
    return `${registry.host}/${folder}/app:v${images}@${made.digest}`;
  };
  const sign = (named: string, { issuer, claims }: Signer, instance = stage.around.ours): Promise<void> =>
    stage.around.cosign.signKeyless(named, instance.issuers.token(issuer, claims), instance);
  const signed = async (folder: string, signer: Signer, instance?: RunningSigstore): Promise<string> => {
    const named = await push(folder);
    await sign(named, signer, instance);
    return named;
  };
  const create = (text: string): Promise<CreatedPod> => createPod(cluster, namespace, text);
  const verdictOn = async (text: string): Promise<string> => {
    const { status, message } = await create(text);
    if (status === 201) return 'admitted';
    return /check signature: ([\w-]+)/.exec(message)?.[1] ?? `${status} ${message}`;
  };

  beforeAll(async () => {
    const { cosign, ours } = stage.around;
    namespace = await createNamespace(cluster);
    key = await cosign.generateKey('release');
    await putTrustRoot(trustRoot('acme', ours.trustedRoot));
    for (const [name, identity] of Object.entries(identities)) {
      await putAuthority(name, { keyless: { trustRoot: 'acme', identities: [identity] } });
    }
    const logged = { logs: 1, timestamps: 1, trustRoot: 'acme' };
    await putAuthority('logged', { key: { pem: key.pem }, require: logged });
    const builders = [{ name: 'ci', keyless: { trustRoot: 'acme', identities: [identities.github] } }];
    const attestation = { predicateType: slsa, authorities: builders, select: 'Newest', maxAge: '1h' };
    await putChecks('built', [{ attestation }], { multiArch: { mode: 'each-platform' } });
    await untilJudged(cluster, namespace, false);
  });

  describe.each<{ where: RegistryName; has: string }>([
    { where: 'docker', has: 'no Referrers API' },
    { where: 'go', has: 'the Referrers API' },
  ])('in a registry with $has', ({ where }) => {
    it.each<{ who: string; folder: Folder; signer: Signer; verdict: string }>([
      { who: 'the workflow of a release', folder: 'github', signer: ofGithub(release), verdict: 'admitted' },
      {
        who: 'the same workflow on a branch',
        folder: 'github',
        signer: ofGithub({ ...release, job_workflow_ref: `${releaseWorkflow}@refs/heads/main` }),
        verdict: 'signature-untrusted',
      },
      {
        who: 'the same workflow of a fork',
        folder: 'github',
        signer: ofGithub({
          ...release,
          job_workflow_ref: releaseWorkflow.replace('acme', 'mallory') + '@refs/tags/v1',
        }),
        verdict: 'signature-untrusted',
      },
      {
        who: 'somebody of another issuer',
        folder: 'github',
        signer: { issuer: emailIssuer, claims: emailClaims('release@acme.example') },
        verdict: 'signature-untrusted',
      },
      { who: 'a runner of GitHub', folder: 'hosted', signer: ofGithub(release), verdict: 'admitted' },
      {
        who: 'a runner of somebody',
        folder: 'hosted',
        signer: ofGithub({ ...release, runner_environment: 'self-hosted' }),
        verdict: 'signature-untrusted',
      },
      {
        who: 'a shared workflow, called by us',
        folder: 'shared',
        signer: shared('acme/app'),
        verdict: 'admitted',
      },
      {
        who: 'a shared workflow, called from elsewhere (S7)',
        folder: 'shared',
        signer: shared('mallory/app'),
        verdict: 'signature-untrusted',
      },
      {
        who: 'a pipeline of GitLab',
        folder: 'gitlab',
        signer: { issuer: gitlabIssuer, claims: gitlabClaims('acme/app', 'v1') },
        verdict: 'admitted',
      },
      {
        who: 'a pipeline of another project',
        folder: 'gitlab',
        signer: { issuer: gitlabIssuer, claims: gitlabClaims('acme/app/sub', 'v1') },
        verdict: 'signature-untrusted',
      },
      {
        who: 'a person',
        folder: 'email',
        signer: { issuer: emailIssuer, claims: emailClaims('release@acme.example') },
        verdict: 'admitted',
      },
      {
        who: 'another person',
        folder: 'email',
        signer: { issuer: emailIssuer, claims: emailClaims('release@acme.example.evil.example') },
        verdict: 'signature-untrusted',
      },
    ])('$who, asked for $folder: $verdict', async ({ folder, signer, verdict }) => {
      const named = await push(folder, where);
      await sign(named, signer);
      expect(await verdictOn(named)).toBe(verdict);
    });
  });

  describe.each<RegistryName>(['docker', 'go'])(
    'what a builder says without signing it, in the registry %s',
    (where) => {
      const platform = { os: 'linux', architecture: 'amd64' };
      /** As BuildKit pushes it: the index lists what holds the statement. @returns both */
      const build = async () => {
        const registry = stage.around.registries[where];
        const one = image({ labels: { test: `${++images} ${Math.random()}` }, platform });
        const held = buildkitAttestations(one, { [slsa]: { buildDefinition: {}, runDetails: {} } });
        const made = buildkitIndex([[one, held]]);
        await pushManifest(registry, 'built/app', made);
        const at = ({ digest }: FakeManifest): string => `${registry.host}/built/app@${digest}`;
        return { named: at(made), held: at(held) };
      };
      const verdict = async (text: string): Promise<string> => {
        const { status, message } = await create(text);
        return status === 201 ? 'admitted' : (/check attestation: ([\w-]+)/.exec(message)?.[1] ?? message);
      };

      it.each(['named', 'held'] as const)('counts by the certificate that signed it: %s', async (signed) => {
        const built = await build();
        await sign(built[signed], ofGithub(release));
        const pod = await create(built.named);
        expect([pod.status, pod.message]).toEqual([201, '']);
        const decision = await decisionOn(stage.gate, { namespace, name: pod.name });
        // Long lines of the record are cut in the middle.
        const how = signed === 'named' ? 'signed index' : 'gned manifest';
        expect(decision.images[0]?.evidence?.claims?.[0]).toMatch(
          new RegExp(
            `^slsa.dev/provenance/v1 attested by github.com/acme/app/.*${how} .*, at 20.*\\(timestamp\\)$`,
          ),
        );
      });

      it('and for nobody else, nor by another instance, nor unsigned', async () => {
        const [nobody, branch, other] = [await build(), await build(), await build()];
        const onBranch = { ...release, job_workflow_ref: `${releaseWorkflow}@refs/heads/main` };
        await sign(branch.named, ofGithub(onBranch));
        await sign(other.named, ofGithub(release), stage.around.theirs);
        expect(await verdict(nobody.named)).toBe('attestation-missing');
        expect(await verdict(branch.named)).toBe('signature-untrusted');
        expect(await verdict(other.named)).toBe('signature-untrusted');
      });
    },
  );

  it('says who signed, and when', async () => {
    const { name } = await create(await signed('github', ofGithub(release)));
    const {
      images: [found],
    } = await decisionOn(stage.gate, { namespace, name });
    expect(found?.evidence?.claims).toEqual([
      expect.stringMatching(
        `^signed by github.com/${releaseWorkflow}@refs/tags/v1 .* at 20.*\\(timestamp\\)$`,
      ) as string,
    ]);
  });

  it('refuses the same words by another instance of Sigstore', async () => {
    const named = await signed('github', ofGithub(release), stage.around.theirs);
    expect(await verdictOn(named)).toBe('signature-untrusted');
  });

  it('asks a key for log and timestamp where the policy does', async () => {
    const { cosign, ours } = stage.around;
    const bare = await push('logged');
    await cosign.sign(bare, key, 'bundle');
    expect(await verdictOn(bare)).toBe('signature-not-logged');
    const logged = await push('logged');
    await cosign.signLogged(logged, key, ours);
    expect(await verdictOn(logged)).toBe('admitted');
  });

  it('judges by the trust root that is there now', async () => {
    const { ours, theirs } = stage.around;
    const before = await signed('github', ofGithub(release));
    const after = await signed('github', ofGithub(release), theirs);
    expect([await verdictOn(before), await verdictOn(after)]).toEqual(['admitted', 'signature-untrusted']);
    await putTrustRoot(trustRoot('acme', theirs.trustedRoot));
    await eventually('the new root', async () => (await verdictOn(after)) === 'admitted', { within: 10_000 });
    expect(await verdictOn(before)).toBe('signature-untrusted');
    await putTrustRoot(trustRoot('acme', ours.trustedRoot));
    await eventually('the root of before', async () => (await verdictOn(before)) === 'admitted', {
      within: 10_000,
    });
  });
});
