import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../harness/api.ts';
import { freePort } from '../harness/free-port.ts';
import { clearGate, dataFolder, installGate, readObjects, startGate } from '../harness/gate.ts';
import { imagegate } from '../harness/imagegate.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { gateNamespace, gateImage, putOwnCa, removeOwnNamespace } from '../harness/own-namespace.ts';
import { badImage, dryRun, fence, goodImage } from '../harness/policies.ts';
import { sharedCluster } from '../harness/shared-cluster.ts';

const shell = promisify(execFile);

describe('manifests --delete, run as it is printed', () => {
  const cluster = sharedCluster();
  afterAll(async () => {
    await clearGate(cluster);
    await removeOwnNamespace(cluster);
  });

  const run = async (...args: string[]): Promise<string> => {
    const kubeconfig = cluster.kubeconfigs.admin;
    const printed = await imagegate(['manifests', '--delete', '--kubeconfig', kubeconfig, ...args]);
    expect([printed.code, printed.stderr]).toEqual([0, '']);
    const env = { HOME: cluster.folder, PATH: `${dirname(cluster.kubectl)}:${process.env['PATH'] ?? ''}` };
    const { stdout } = await shell('sh', ['-e', '-c', printed.stdout], { env, timeout: 120_000 });
    return stdout;
  };
  /** Those that the API server still has. */
  const left = async (objects: readonly KubeObject[]): Promise<string[]> => {
    const found: string[] = [];
    for (const { kind, metadata } of objects) {
      const where = metadata?.['namespace'];
      const place = where === undefined ? [] : ['-n', where];
      const { code, stderr } = await cluster.run(['get', kind!, metadata!.name!, ...place]);
      if (code === 0) found.push(`${kind}/${metadata?.name}`);
      else expect(stderr).toMatch(/NotFound|the server doesn't have a resource type/);
    }
    return found;
  };
  /** A gate that holds the cluster, and then is dead: nothing starts until it is taken away. */
  const holdAndDie = async (
    namespace: string,
    args: readonly string[] = [],
    prepare: () => Promise<void> = () => Promise.resolve(),
  ): Promise<KubeObject[]> => {
    await clearGate(cluster);
    const port = await freePort();
    const data = dataFolder(cluster);
    const objects = await installGate(cluster, `https://127.0.0.1:${port}`, data, args);
    const gate = await startGate(cluster, { port, data });
    await fence(cluster, namespace);
    await prepare();
    await gate.kill();
    await expect(dryRun(cluster, namespace, goodImage)).rejects.toThrow('failed calling webhook');
    return objects;
  };

  it('takes a gate inside of the cluster away although every replica is dead', async () => {
    const namespace = await createNamespace(cluster);
    const secrets = ['--pull-secrets', namespace];
    const inside = await imagegate([
      'manifests',
      '--image',
      gateImage,
      '--namespace',
      gateNamespace,
      ...secrets,
    ]);
    // Webhooks of one inside cannot be printed here, where no kubelet starts it: those of another with the same names.
    const outside = await holdAndDie(namespace, secrets, async () => {
      await cluster.must(['apply', '-f', '-'], { input: inside.stdout });
      await putOwnCa(cluster, 3_600_000);
    });
    const said = await run('--namespace', gateNamespace);
    expect(said.match(/deleted/g)?.length).toBeGreaterThan(8);
    // Both start: no policy is left either.
    expect(await dryRun(cluster, namespace, goodImage)).toBe(true);
    expect(await dryRun(cluster, namespace, badImage)).toBe(true);
    expect(await left([...readObjects(inside.stdout), ...outside])).toEqual([]);
    // Again there is nothing to delete, and nothing fails.
    expect(await run('--namespace', gateNamespace)).not.toContain('deleted');
  }, 180_000);

  it('takes a gate outside of the cluster away, and no namespace with it', async () => {
    const namespace = await createNamespace(cluster);
    const objects = await holdAndDie(namespace, ['--pull-secrets', 'all']);
    const said = await run('--url', 'https://127.0.0.1:8443');
    expect(said).not.toContain('namespace ');
    expect(await dryRun(cluster, namespace, goodImage)).toBe(true);
    expect(await left(objects)).toEqual([]);
    // And it can be installed again.
    await holdAndDie(namespace);
    await run('--url', 'https://127.0.0.1:8443');
    expect(await dryRun(cluster, namespace, badImage)).toBe(true);
  }, 180_000);
});
