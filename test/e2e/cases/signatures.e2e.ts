import { createHash, createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { image, type FakeManifest } from '../../fakes/registry/registry-content.ts';
import type { Cosign, CosignKey, SignatureForm } from '../harness/cosign.ts';
import { createPod, decisionOn, detailsOf, type CreatedPod } from '../harness/evidence-judged.ts';
import { eventually } from '../harness/eventually.ts';
import { stageEvidence } from '../harness/evidence-stage.ts';
import { imagegate } from '../harness/imagegate.ts';
import type { Answer } from '../harness/kubectl.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { putPolicy, untilJudged } from '../harness/policies.ts';
import { pushManifest } from '../harness/registry-push.ts';
import { startSigningRegistries, type RegistryName } from '../harness/signing-registries.ts';

/** Each signer in each form that it writes. */
const signers: readonly { major: 2 | 3; form: SignatureForm; written: string; source: Sources }[] = [
  {
    major: 2,
    form: 'tag',
    written: 'simple-signing',
    source: { docker: '.sig', go: '.sig' },
  },
  {
    major: 2,
    form: 'referrer',
    written: 'simple-signing',
    source: { docker: 'fallback tag', go: 'referrers' },
  },
  {
    major: 3,
    form: 'tag',
    written: 'simple-signing',
    source: { docker: '.sig', go: '.sig' },
  },
  { major: 2, form: 'bundle', written: 'bundle', source: { docker: 'fallback tag', go: 'referrers' } },
  { major: 3, form: 'bundle', written: 'bundle', source: { docker: 'fallback tag', go: 'referrers' } },
];
type Sources = Readonly<Record<RegistryName, string>>;

const signaturePolicy = (name: string, namespace: string, keys: Readonly<Record<string, CosignKey>>) => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'ImagePolicy',
  metadata: { name },
  spec: {
    match: { namespaces: { include: [namespace] } },
    checks: [
      {
        signature: {
          authorities: Object.entries(keys).map(([authority, { pem }]) => ({
            name: authority,
            key: { pem },
          })),
        },
      },
    ],
  },
});

const fingerprintOf = (pem: string): string =>
  `sha256:${createHash('sha256')
    .update(createPublicKey(pem).export({ type: 'spki', format: 'der' }))
    .digest('hex')}`;

describe('images that a key of cosign has to sign', () => {
  const stage = stageEvidence(() => startSigningRegistries({ tls: true }));
  const { cluster } = stage;
  let namespace: string;
  let release: CosignKey;
  let stranger: CosignKey;
  const cosign = (major: 2 | 3): Cosign => stage.around.cosigns[major];
  const refusedBy = (code: string) => ({
    status: 403,
    message: expect.stringContaining(`check signature: ${code},`) as string,
  });

  /** Pushes an image of its own under a tag. */
  const push = async (
    where: RegistryName,
    tag: string,
  ): Promise<{ named: string; pinned: string; made: FakeManifest }> => {
    const registry = stage.around.registries[where];
    const made = image({ labels: { test: `${tag} ${Math.random()}` } });
    await pushManifest(registry, 'team/app', made, tag);
    const named = `${registry.host}/team/app:${tag}`;
    return { named, pinned: `${named}@${made.digest}`, made };
  };
  const create = (text: string): Promise<CreatedPod> => createPod(cluster, namespace, text);
  const admit = async (text: string): Promise<CreatedPod> => {
    const pod = await create(text);
    expect([text, pod.status, pod.message]).toEqual([text, 201, '']);
    return pod;
  };
  const decision = ({ name }: CreatedPod) => decisionOn(stage.gate, { namespace, name });

  const check = (text: string): Promise<Answer> => {
    const { folder, config } = stage.around;
    const files = { policy: join(folder, 'policy.yaml'), config: join(folder, 'config.yaml') };
    writeFileSync(files.policy, stringify(signaturePolicy('signed', '*', { release })));
    writeFileSync(files.config, stringify(config));
    return imagegate(['check', 'image', text, '--policies', files.policy, '--config', files.config]);
  };

  beforeAll(async () => {
    release = await cosign(3).generateKey('release');
    stranger = await cosign(2).generateKey('stranger');
    namespace = await createNamespace(cluster);
    await putPolicy(cluster, signaturePolicy(`signed-${namespace}`, namespace, { release }));
    await untilJudged(cluster, namespace, false);
  });

  describe.each<{ where: RegistryName; has: string }>([
    { where: 'docker', has: 'no Referrers API' },
    { where: 'go', has: 'the Referrers API' },
  ])('on a registry with $has', ({ where }) => {
    it('refuses an image that nobody signed', async () => {
      const { named } = await push(where, 'unsigned');
      const refused = await create(named);
      expect(refused).toMatchObject(refusedBy('signature-missing'));
      expect(detailsOf(await decision(refused))).toMatch(/^signature-missing: /m);
    });

    it.each(signers)(
      'admits what cosign $major signed as $form, and says who it was',
      async ({ major, form, written, source }) => {
        const { named, pinned, made } = await push(where, `good-${major}-${form}`);
        await cosign(major).sign(pinned, release, form);
        const admitted = await admit(named);
        // A policy that judges bytes pins them, without being told to.
        expect(admitted.image).toBe(pinned);
        const recorded = await decision(admitted);
        const [{ evidence, digest } = {}] = recorded.images;
        expect(digest).toBe(made.digest);
        const claim = `signed by key ${fingerprintOf(release.pem)} (${written}, ${source[where]})`;
        expect(evidence?.claims).toEqual([claim]);
        const { stdout } = await imagegate(['explain', recorded.id, '--data', stage.gate.data]);
        expect(stdout.replaceAll(/\s+/g, ' ')).toContain(claim);
      },
    );

    it.each(signers)('refuses what another key signed (cosign $major, $form)', async ({ major, form }) => {
      const { named, pinned } = await push(where, `foreign-${major}-${form}`);
      await cosign(major).sign(pinned, stranger, form);
      expect(await create(named)).toMatchObject(refusedBy('signature-untrusted'));
    });

    it.each([
      { major: 2, form: 'tag' },
      { major: 3, form: 'bundle' },
    ] as const)(
      'takes no attestation of the key for its signature (S4; cosign $major, $form)',
      async ({ major, form }) => {
        const { named, pinned } = await push(where, `attested-${major}`);
        const statement = { type: 'https://example.com/scan/v1', predicate: { result: 'FAILED' } };
        await cosign(major).attest(pinned, release, form, statement);
        const { status, message } = await create(named);
        expect([status, message]).toEqual([403, expect.stringContaining('check signature: signature-')]);
      },
    );

    it('judges a tag that was moved after signing by what it stands for now (S1)', async () => {
      const before = await push(where, 'moved');
      await cosign(3).sign(before.pinned, release, 'bundle');
      await admit(before.named);
      const after = await push(where, 'moved');
      expect(await create(after.pinned)).toMatchObject(refusedBy('signature-missing'));
      const refused = await eventually(
        'the tag to be asked for again',
        async () => {
          const pod = await create(after.named);
          // Until then it is pinned to what was signed.
          if (pod.status === 201) expect(pod.image).toBe(before.pinned);
          return pod.status !== 201 && pod;
        },
        { within: 10_000, every: 1_000 },
      );
      expect(refused).toMatchObject(refusedBy('signature-missing'));
      await admit(before.pinned);
    });

    it('counts a good signature beside those of strangers, in every place (S2)', async () => {
      const { named, pinned } = await push(where, 'crowded');
      for (const { major, form } of signers) await cosign(major).sign(pinned, stranger, form);
      await cosign(3).sign(pinned, release, 'bundle');
      for (const { major, form } of signers) await cosign(major).sign(pinned, stranger, form);
      await admit(named);
    });

    it('check image ends with 0, 1 or 3', async () => {
      const registry = stage.around.registries[where];
      const signed = await push(where, 'checked');
      const unsigned = await push(where, 'checked-unsigned');
      await cosign(3).sign(signed.pinned, release, 'bundle');
      expect(await check(signed.named)).toMatchObject({ code: 0 });
      const refused = await check(unsigned.named);
      expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining('signature-missing')]);
      await registry.down();
      expect(await check(signed.pinned)).toMatchObject({ code: 3 });
      await registry.up();
    });
  });

  it('keeps admitting what it saw signed while the registry is down, and nothing else', async () => {
    const { docker } = stage.around.registries;
    const seen = await push('docker', 'seen');
    const unseen = await push('docker', 'unseen');
    const unsigned = await push('docker', 'seen-unsigned');
    for (const { pinned } of [seen, unseen]) await cosign(3).sign(pinned, release, 'bundle');
    await admit(seen.pinned);
    expect(await create(unsigned.pinned)).toMatchObject(refusedBy('signature-missing'));
    await docker.down();
    await admit(seen.pinned);
    const refused = await create(unseen.pinned);
    expect([refused.status, refused.message]).toEqual([403, expect.stringContaining('unavailable')]);
    expect(await create(unsigned.pinned)).toMatchObject({ status: 403 });
    await docker.up();
    await admit(unseen.pinned);
  });
});
