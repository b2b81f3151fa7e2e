import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../harness/api.ts';
import { eventually } from '../harness/eventually.ts';
import { kubernetes } from '../harness/install.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { sharedCluster } from '../harness/shared-cluster.ts';

/** The harness itself: what every other file relies on. */
describe('the cluster of the tests', () => {
  const cluster = sharedCluster();

  it('has a server and a client of one release', async () => {
    const { code, stdout } = await cluster.run(['version', '-o', 'json']);
    expect(code).toBe(0);
    const versions = JSON.parse(stdout) as Record<string, { gitVersion: string }>;
    expect(versions['serverVersion']?.gitVersion).toBe(kubernetes);
    expect(versions['clientVersion']?.gitVersion).toBe(kubernetes);
  });

  it('turns a Deployment into Pods that stay Pending', async () => {
    const namespace = await createNamespace(cluster);
    const made = await cluster.run([
      '-n',
      namespace,
      'create',
      'deployment',
      'web',
      '--image=example.com/a',
      '--replicas=2',
    ]);
    expect(made).toMatchObject({ code: 0 });
    const pods = await eventually(
      'two Pods',
      async () => {
        const { body } = await cluster.api('GET', `/api/v1/namespaces/${namespace}/pods`);
        const items = body['items'] as KubeObject[];
        return items.length === 2 ? items : undefined;
      },
      { within: 10_000 },
    );
    expect(pods.map((pod) => (pod['status'] as { phase: string }).phase)).toEqual(['Pending', 'Pending']);
  });

  it('knows its users apart', async () => {
    const who = async (as: 'alice' | 'admin') =>
      JSON.parse((await cluster.run(['auth', 'whoami', '-o', 'json'], { as })).stdout) as {
        status: { userInfo: { username: string; groups: string[] } };
      };
    expect((await who('alice')).status.userInfo).toMatchObject({ username: 'alice' });
    expect((await who('admin')).status.userInfo.groups).toContain('system:masters');
    expect((await cluster.run(['get', 'pods'], { as: 'alice' })).stderr).toContain('forbidden');
  });

  it('deletes a namespace with all that is in it', async () => {
    const namespace = await createNamespace(cluster);
    expect((await cluster.run(['-n', namespace, 'run', 'one', '--image=example.com/a'])).code).toBe(0);
    expect((await cluster.run(['delete', 'namespace', namespace, '--wait=false'])).code).toBe(0);
    await eventually(
      'the namespace to be gone',
      async () => (await cluster.api('GET', `/api/v1/namespaces/${namespace}`)).status === 404,
      { within: 30_000, every: 200 },
    );
  });
});
