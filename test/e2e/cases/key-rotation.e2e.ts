import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { image } from '../../fakes/registry/registry-content.ts';
import { createCosign, type CosignKey } from '../harness/cosign.ts';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import { createPod } from '../harness/evidence-judged.ts';
import { eventually } from '../harness/eventually.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { putPolicy, untilJudged } from '../harness/policies.ts';
import { pushManifest } from '../harness/registry-push.ts';
import { startSigstore } from '../harness/sigstore.ts';

describe('a key that is replaced (S10)', () => {
  const stage = stageEvidence(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'imagegate-rotation-'));
    const registry = await startDockerRegistry();
    const cosign = createCosign(3, { folder });
    const instance = await startSigstore(folder, cosign);
    return {
      registry,
      cosign,
      instance,
      config: { registries: [rowOf(registry)] },
      close: async () => {
        await Promise.all([instance.stop(), registry.stop()]);
        rmSync(folder, { recursive: true, force: true });
      },
    };
  });
  const { cluster } = stage;
  let namespace: string;
  let before: CosignKey;
  let after: CosignKey;

  const putAuthorities = (...authorities: readonly object[]): Promise<void> =>
    putPolicy(cluster, {
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'ImagePolicy',
      metadata: { name: `rotated-${namespace}` },
      spec: {
        match: { namespaces: { include: [namespace] } },
        checks: [{ signature: { authorities } }],
      },
    });
  const authority = (name: string, { pem }: CosignKey, window: object = {}) => ({
    name,
    key: { pem },
    require: { trustRoot: `rotated-${namespace}` },
    ...window,
  });
  const push = async (name: string): Promise<string> => {
    const made = image({ labels: { test: `${name} ${Math.random()}` } });
    await pushManifest(stage.around.registry, 'team/app', made, name);
    return `${stage.around.registry.host}/team/app:${name}@${made.digest}`;
  };
  const dated = async (name: string, key: CosignKey): Promise<string> => {
    const named = await push(name);
    await stage.around.cosign.signLogged(named, key, stage.around.instance);
    return named;
  };
  const undated = async (name: string, key: CosignKey): Promise<string> => {
    const named = await push(name);
    await stage.around.cosign.sign(named, key, 'bundle');
    return named;
  };
  const verdictOn = async (text: string): Promise<string> => {
    const { status, message } = await createPod(cluster, namespace, text);
    if (status === 201) return 'admitted';
    return /check signature: ([\w-]+)/.exec(message)?.[1] ?? `${status} ${message}`;
  };
  const verdicts = async (images: Readonly<Record<string, string>>): Promise<Record<string, string>> =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(images).map(async ([name, text]) => [name, await verdictOn(text)] as const),
      ),
    );

  beforeAll(async () => {
    const { cosign, instance } = stage.around;
    before = await cosign.generateKey('before');
    after = await cosign.generateKey('after');
    namespace = await createNamespace(cluster);
    const root = {
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'TrustRoot',
      metadata: { name: `rotated-${namespace}` },
      spec: { sigstore: { trustedRoot: instance.trustedRoot } },
    };
    await cluster.must(['apply', '-f', '-'], { input: JSON.stringify(root) });
    await putAuthorities(authority('before', before));
    await untilJudged(cluster, namespace, false);
  });

  it('keeps what a timestamp dates before the hour, and loses what nobody dates or what is dated later', async () => {
    const old = { dated: await dated('old-dated', before), undated: await undated('old-undated', before) };
    const early = await dated('early', after);
    expect(await verdicts({ ...old, early })).toEqual({
      dated: 'admitted',
      undated: 'admitted',
      early: 'signature-untrusted',
    });

    // Timestamps are whole seconds, and the new policy has to be in force some time before.
    const hour = Math.ceil(Date.now() / 1000) * 1000 + 8_000;
    const at = new Date(hour).toISOString();
    await putAuthorities(
      authority('before', before, { validUntil: at }),
      authority('after', after, { validFrom: at }),
    );
    await eventually('the second authority', async () => (await verdictOn(early)) === 'signature-expired', {
      within: 5_000,
    });
    expect(await verdicts(old)).toEqual({ dated: 'admitted', undated: 'admitted' });
    expect(Date.now()).toBeLessThan(hour);

    await wait(hour + 1_000 - Date.now());
    const late = { stolen: await dated('stolen', before), next: await dated('next', after) };
    const fresh = {
      stolenUndated: await undated('stolen-undated', before),
      nextUndated: await undated('next-undated', after),
    };
    expect(await verdicts({ ...old, early, ...late, ...fresh })).toEqual({
      dated: 'admitted',
      undated: 'signature-expired',
      early: 'signature-expired',
      stolen: 'signature-expired',
      next: 'admitted',
      stolenUndated: 'signature-expired',
      nextUndated: 'admitted',
    });
  });
});
