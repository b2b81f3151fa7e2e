import { beforeAll, describe, expect, it } from 'vitest';
import { image } from '../../fakes/registry/registry-content.ts';
import type { CosignKey, SignatureForm } from '../harness/cosign.ts';
import { createPod, decisionOn, detailsOf, type CreatedPod } from '../harness/evidence-judged.ts';
import { stageEvidence } from '../harness/evidence-stage.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { putPolicy, untilJudged } from '../harness/policies.ts';
import { pushManifest } from '../harness/registry-push.ts';
import { startSigningRegistries } from '../harness/signing-registries.ts';

/** Each cosign where it puts attestations. */
const writers = [
  { where: 'docker', major: 2, form: 'tag' },
  { where: 'docker', major: 2, form: 'bundle' },
  { where: 'docker', major: 3, form: 'bundle' },
  { where: 'go', major: 2, form: 'tag' },
  { where: 'go', major: 2, form: 'bundle' },
  { where: 'go', major: 3, form: 'bundle' },
] as const satisfies readonly { where: string; major: 2 | 3; form: SignatureForm }[];

const builder = 'https://ci.example.com/builder';
interface Built {
  readonly ref?: string;
  readonly digest?: object | null;
}
const provenance = ({ ref = 'refs/tags/v1.2.3', digest = { sha256: 'aa' } }: Built = {}) => ({
  buildDefinition: {
    buildType: 'https://ci.example.com/build',
    externalParameters: { source: { repository: 'https://git.example.com/team/app', ref } },
    resolvedDependencies: [{ uri: 'pkg:npm/left-pad@1.3.0', digest }],
  },
  runDetails: { builder: { id: builder } },
});

describe('images that a builder has to attest', () => {
  const stage = stageEvidence(() => startSigningRegistries({ tls: true }));
  const { cluster } = stage;
  let namespace: string;
  let release: CosignKey;
  let stranger: CosignKey;

  const policy = (name: string, expression: string) => ({
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'ImagePolicy',
    metadata: { name },
    spec: {
      match: { namespaces: { include: [namespace] } },
      checks: [
        {
          attestation: {
            predicateType: 'slsaprovenance1',
            authorities: [{ name: 'builder', key: { pem: release.pem } }],
            provenance: { builders: [builder], sources: ['https://git.example.com/team/*'] },
            expression,
          },
        },
      ],
    },
  });

  beforeAll(async () => {
    release = await stage.around.cosigns[3].generateKey('builder');
    stranger = await stage.around.cosigns[3].generateKey('stranger');
    namespace = await createNamespace(cluster);
    const expression =
      'predicate.buildDefinition.externalParameters.source.ref.startsWith("refs/tags/") && ' +
      'predicate.buildDefinition.resolvedDependencies.all(d, d.digest.sha256 != "")';
    await putPolicy(cluster, policy(`attested-${namespace}`, expression));
    await untilJudged(cluster, namespace, false);
  });

  const refusedBy = (code: string) => ({
    status: 403,
    message: expect.stringContaining(`check attestation: ${code},`) as string,
  });
  type Writer = (typeof writers)[number];
  /** A Pod of a new image about which this was attested. */
  const created = async (
    { where, major, form }: Writer,
    predicate: unknown,
    key = release,
  ): Promise<CreatedPod> => {
    const { registries, cosigns } = stage.around;
    const made = image({ labels: { test: String(Math.random()) } });
    const tag = `v${made.digest.slice(-8)}`;
    await pushManifest(registries[where], 'team/app', made, tag);
    const named = `${registries[where].host}/team/app:${tag}`;
    if (predicate !== undefined)
      await cosigns[major].attest(`${named}@${made.digest}`, key, form, {
        type: 'slsaprovenance1',
        predicate,
      });
    return createPod(cluster, namespace, named);
  };

  it.each(writers)('admits what the builder attested by cosign $major as $form ($where)', async (writer) => {
    const pod = await created(writer, provenance());
    expect([pod.status, pod.message]).toEqual([201, '']);
    expect(pod.image).toContain('@sha256:');
  });

  it.each(writers)('refuses where the expression is false (cosign $major, $form, $where)', async (writer) => {
    const pod = await created(writer, provenance({ ref: 'refs/heads/main' }));
    expect(pod).toMatchObject(refusedBy('attestation-condition'));
    expect(detailsOf(await decisionOn(stage.gate, { namespace, name: pod.name }))).toContain(
      'expression is false',
    );
  });

  it('refuses where nobody can tell what the expression says', async () => {
    const pod = await created(writers[3], provenance({ digest: null }));
    expect(pod).toMatchObject(refusedBy('attestation-error'));
  });

  it('refuses what another key attested, and what nobody did', async () => {
    expect(await created(writers[1], provenance(), stranger)).toMatchObject(refusedBy('signature-untrusted'));
    expect(await created(writers[0], undefined)).toMatchObject(refusedBy('attestation-missing'));
  });

  it('refuses a policy whose expression does not compile, in the words of the compiler (R5, R9)', async () => {
    const path = '/apis/imagegate.dev/v1alpha1/imagepolicies';
    const { status, message } = await cluster.api('POST', path, policy('broken', 'predicate.level >'));
    expect(status).toBe(403);
    expect(message).toContain('spec.checks[0].attestation.expression');
    expect(message).toContain('<input>:1:17: found > but expecting end of input');
  });
});
