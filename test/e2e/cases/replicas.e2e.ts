import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { caBundles, leafOf, normalPem } from '../harness/ca-bundles.ts';
import { day, type Authority } from '../harness/certificates.ts';
import { eventually } from '../harness/eventually.ts';
import { clearGate, dataFolder, readObjects } from '../harness/gate.ts';
import { imagegate } from '../harness/imagegate.ts';
import { startLoad, unanswered, wrongAnswers } from '../harness/load.ts';
import { createNamespace } from '../harness/namespaces.ts';
import {
  caSecretPath,
  gateNamespace,
  gateImage,
  putOwnCa,
  removeOwnNamespace,
} from '../harness/own-namespace.ts';
import { fence } from '../harness/policies.ts';
import { createReplicaPair, type ReplicaPair } from '../harness/replica-pair.ts';
import { sharedCluster } from '../harness/shared-cluster.ts';

/** Two replicas as a Deployment would run them: with its service account and nothing else, started here for want of a kubelet. */
describe('replicas with the service account of the gate', () => {
  const cluster = sharedCluster();
  let pair: ReplicaPair;
  let old: Authority;
  beforeAll(async () => {
    await clearGate(cluster);
    await removeOwnNamespace(cluster);
    const printed = await imagegate(['manifests', '--image', gateImage, '--namespace', gateNamespace]);
    await cluster.must(['apply', '-f', '-'], { input: printed.stdout });
    old = await putOwnCa(cluster, 200 * day);
    const kubeconfig = await accountKubeconfig();
    pair = await createReplicaPair(cluster, { kubeconfig, args: ['--namespace', gateNamespace] });
    await installWebhooks(pair.url);
    for (const index of [0, 1]) await pair.start(index);
  });
  afterAll(async () => {
    await clearGate(cluster);
    await pair.close();
    await removeOwnNamespace(cluster);
  });

  it('each show a leaf of their own, of the one CA in the Secret (R15)', async () => {
    const leaves = await Promise.all(pair.replicas.map(leafOf));
    expect(leaves.map((leaf) => leaf.checkIssued(new X509Certificate(old.certificate)))).toEqual([
      true,
      true,
    ]);
    expect(new Set(leaves.map((leaf) => leaf.fingerprint256)).size).toBe(2);
  });

  it('renew a CA under load: trusted first, then used, and no answer is lost (R15)', async () => {
    const namespace = await createNamespace(cluster);
    await fence(cluster, namespace);
    const load = startLoad(cluster, namespace, 10);
    const next = await eventually('a successor in the Secret', () => inSecret('next.crt'), {
      within: 60_000,
    });
    await eventually(
      'the successor beside the old CA in every caBundle',
      async () =>
        (await caBundles(cluster)).every(
          (bundle) => bundle.includes(normalPem(old.certificate)) && bundle.includes(normalPem(next)),
        ),
      { within: 60_000 },
    );
    const before = await Promise.all(pair.replicas.map(leafOf));
    expect(before.some((leaf) => leaf.checkIssued(new X509Certificate(next)))).toBe(false);
    // It has to stand there for an hour before it signs: here it says that it does.
    const since = new Date(Date.now() - 2 * 60 * 60 * 1000).toISOString();
    const aged = { metadata: { annotations: { 'imagegate.dev/next-since': since } } };
    expect((await cluster.api('PATCH', caSecretPath, aged)).status).toBe(200);
    await eventually(
      'a leaf of the successor on both replicas',
      async () => {
        const leaves = await Promise.all(pair.replicas.map(leafOf));
        return leaves.every((leaf) => leaf.checkIssued(new X509Certificate(next)));
      },
      { within: 60_000 },
    );
    await sleep(2_000);
    const creates = await load.end();
    expect(creates.length).toBeGreaterThan(100);
    expect(wrongAnswers(creates)).toEqual([]);
    expect(unanswered(creates)).toEqual([]);
  }, 240_000);

  const inSecret = async (field: string): Promise<string | undefined> => {
    const { body } = await cluster.api('GET', caSecretPath);
    const value = (body['data'] as Record<string, string> | undefined)?.[field];
    return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
  };

  /** Only the configuration out of what is printed for a gate outside: no kubelet, hence no Service, hence a URL. */
  const installWebhooks = async (url: string): Promise<void> => {
    const printed = await imagegate(['manifests', '--url', url, '--data', dataFolder(cluster)]);
    const configurations = readObjects(printed.stdout).filter(({ kind }) =>
      kind?.endsWith('WebhookConfiguration'),
    );
    const caBundle = Buffer.from(old.certificate).toString('base64');
    for (const configuration of configurations) {
      for (const { clientConfig } of configuration['webhooks'] as { clientConfig: { caBundle: string } }[]) {
        clientConfig.caBundle = caBundle;
      }
      await cluster.must(['apply', '-f', '-'], { input: JSON.stringify(configuration) });
    }
  };

  const accountKubeconfig = async (): Promise<string> => {
    const { stdout } = await cluster.must([
      '-n',
      gateNamespace,
      'create',
      'token',
      'imagegate',
      '--duration=1h',
    ]);
    const { clusters } = JSON.parse(
      (await cluster.must(['config', 'view', '--raw', '-o', 'json'])).stdout,
    ) as { clusters: unknown };
    const path = `${dataFolder(cluster)}.kubeconfig`;
    const content = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters,
      users: [{ name: 'imagegate', user: { token: stdout.trim() } }],
      contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'imagegate' } }],
      'current-context': 'e2e',
    };
    writeFileSync(path, stringify(content), { mode: 0o600 });
    return path;
  };
});
