import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { blocks, read, section } from '../../markdown.ts';
import { clearGate } from '../harness/gate.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { pod } from '../harness/policies.ts';
import { sharedCluster } from '../harness/shared-cluster.ts';

const shell = promisify(execFile);
const image = (name: string): string => `registry.example.com/listed/${name}:1`;

describe('docs/policies-in-practice.md, which images run', () => {
  const cluster = sharedCluster();
  const [listing = '', started = ''] = blocks(
    section(read('docs/policies-in-practice.md'), '## Which images run'),
    'sh',
  );
  const run = async (script: string): Promise<string> => {
    const path = `${dirname(cluster.kubectl)}:${process.env['PATH'] ?? ''}`;
    const env = { HOME: cluster.folder, PATH: path, KUBECONFIG: cluster.kubeconfigs.admin };
    return (await shell('sh', ['-e', '-c', script], { env, timeout: 60_000 })).stdout;
  };
  let namespace: string;
  beforeAll(async () => {
    await clearGate(cluster);
    namespace = await createNamespace(cluster);
    const spec = {
      initContainers: [{ name: 'init', image: image('init') }],
      volumes: [
        { name: 'empty', emptyDir: {} },
        { name: 'data', image: { reference: image('volume') } },
      ],
    };
    const object = JSON.stringify(pod('all', image('app'), spec));
    await cluster.must(['-n', namespace, 'create', '-f', '-'], { input: object });
    await cluster.must(['-n', namespace, 'run', 'other', `--image=${image('app')}`]);
    await cluster.must(['-n', namespace, 'debug', 'all', `--image=${image('debug')}`]);
  });

  it('lists init containers, debug containers and image volumes too, each with how often it is there', async () => {
    const counted = (await run(listing))
      .split('\n')
      .map((line) => line.trim().split(' '))
      .filter(([, name = '']) => name.includes('/listed/'));
    expect(Object.fromEntries(counted.map(([count, name]) => [name, count]))).toEqual({
      [image('app')]: '2',
      [image('init')]: '1',
      [image('debug')]: '1',
      [image('volume')]: '1',
    });
  });

  it('lists the digests that nodes report for all of them', async () => {
    const id = (name: string): string => `registry.example.com/listed/${name}@sha256:${'a'.repeat(64)}`;
    const status = (name: string, of: string) => [
      { name, image: image(of), imageID: id(of), ready: false, restartCount: 0 },
    ];
    const path = `/api/v1/namespaces/${namespace}/pods/all`;
    const { body } = await cluster.api('GET', path);
    const { spec } = body as unknown as { spec: { ephemeralContainers: { name: string }[] } };
    const patched = await cluster.api(
      'PATCH',
      `${path}/status`,
      {
        status: {
          initContainerStatuses: status('init', 'init'),
          containerStatuses: status('app', 'app'),
          ephemeralContainerStatuses: status(spec.ephemeralContainers[0]?.name ?? '', 'debug'),
        },
      },
      { headers: { 'content-type': 'application/merge-patch+json' } },
    );
    expect(patched.status).toBe(200);
    const listed = (await run(started)).split('\n').filter((line) => line.includes('/listed/'));
    expect(listed).toEqual([id('app'), id('debug'), id('init')]);
  });
});
