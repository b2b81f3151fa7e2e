import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { clearGate, dataFolder, installGate, startGate, type Gate } from '../harness/gate.ts';
import { stageGate } from '../harness/gate-stage.ts';
import { recordedDecisions } from '../harness/imagegate.ts';
import { createUnderLoad, startLoad, unanswered, wrongAnswers } from '../harness/load.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { badImage, dryRun, fence, goodImage, pod } from '../harness/policies.ts';
import {
  createReplicaPair,
  installReplicaPair,
  killUnderLoad,
  type ReplicaPair,
} from '../harness/replica-pair.ts';
import { sharedCluster } from '../harness/shared-cluster.ts';

describe('one replica', () => {
  const stage = stageGate();

  it('answers 500 creates at once, each of them rightly', async () => {
    const namespace = await createNamespace(stage.cluster);
    await fence(stage.cluster, namespace);
    const creates = await Promise.all(
      Array.from({ length: 500 }, (_, index) => createUnderLoad(stage.cluster, namespace, index)),
    );
    expect(wrongAnswers(creates)).toEqual([]);
    expect(unanswered(creates)).toEqual([]);
    const recorded = await eventually(
      '500 decisions on record',
      async () => {
        const all = await recordedDecisions(stage.gate.data, '--limit', '2000');
        const names = new Set(
          all.filter(({ object }) => object.namespace === namespace).map(({ object }) => object.name),
        );
        return creates.every(({ name }) => names.has(name)) && all;
      },
      { within: 10_000, every: 250 },
    );
    const loaded = recorded.filter(
      ({ object }) => object.namespace === namespace && object.name?.startsWith('load-'),
    );
    expect(loaded.filter(({ allowed }) => allowed)).toHaveLength(250);
    expect(loaded.filter(({ allowed }) => !allowed)).toHaveLength(250);
  });
});

describe('two replicas behind one address', () => {
  const cluster = sharedCluster();
  let pair: ReplicaPair;
  let namespace: string;
  beforeAll(async () => {
    await clearGate(cluster);
    pair = await createReplicaPair(cluster);
    await installReplicaPair(cluster, pair);
    namespace = await fencedNamespace();
  });
  afterAll(async () => {
    await clearGate(cluster);
    await pair.close();
  });

  it('give no wrong answer when one is killed under load, and soon every answer again (R10, R14)', async () => {
    const { creates, lost, lostLater } = await killUnderLoad(pair, startLoad(cluster, namespace, 20));
    expect(creates.length).toBeGreaterThan(100);
    expect(wrongAnswers(creates)).toEqual([]);
    for (const { message } of lost) expect(message).toContain('failed calling webhook');
    // What was on its way when it died is refused, no more than that; the other replica does the rest.
    expect(lostLater).toEqual([]);
    expect(lost.length).toBeLessThanOrEqual(40);
    const { body } = await cluster.api('GET', `/api/v1/namespaces/${namespace}/pods`);
    const images = (body['items'] as { spec: { containers: { image: string }[] } }[]).map(
      ({ spec }) => spec.containers[0]?.image,
    );
    expect(new Set(images)).toEqual(new Set([goodImage]));
  });

  it('lose no answer while one after the other drains and comes back (R14)', async () => {
    // A lock that a kill -9 left behind is not in the way (R18).
    await pair.startDead();
    const load = startLoad(cluster, await fencedNamespace(), 10);
    for (const turn of [0, 1, 0, 1]) {
      await sleep(500);
      await pair.replicas[turn]!.stop();
      await pair.start(turn);
    }
    const creates = await load.end();
    expect(creates.length).toBeGreaterThan(200);
    expect(wrongAnswers(creates)).toEqual([]);
    expect(unanswered(creates)).toEqual([]);
  });

  const fencedNamespace = async (): Promise<string> => {
    const name = await createNamespace(cluster);
    await fence(cluster, name);
    return name;
  };
});

describe('with every replica dead', () => {
  const cluster = sharedCluster();
  let namespace: string;
  let gate: Gate;
  const run = (...args: string[]) => cluster.run(['-n', namespace, ...args]);
  beforeAll(async () => {
    await clearGate(cluster);
    namespace = await createNamespace(cluster);
    await cluster.must(['-n', namespace, 'run', 'old', `--image=${badImage}`]);
    await cluster.must(['-n', namespace, 'create', 'deployment', 'old', `--image=${goodImage}`]);
    const port = await freePort();
    const data = dataFolder(cluster);
    await installGate(cluster, `https://127.0.0.1:${port}`, data);
    gate = await startGate(cluster, { port, data });
    await fence(cluster, namespace);
    await gate.kill();
  });
  afterAll(async () => {
    await clearGate(cluster);
    if (gate.process.alive()) await gate.stop();
  });

  it.each<{ title: string; args: string[] }>([
    { title: 'a new Pod with a bad image', args: ['run', 'new', `--image=${badImage}`] },
    {
      title: 'a new Pod with a good image, which nobody can judge',
      args: ['run', 'new', `--image=${goodImage}`],
    },
    { title: 'a new Deployment', args: ['create', 'deployment', 'new', `--image=${goodImage}`] },
    { title: 'kubectl set image', args: ['set', 'image', 'deployment/old', `*=${badImage}`] },
    { title: 'kubectl debug', args: ['debug', 'old', `--image=${badImage}`] },
  ])('$title is refused (R10, B23)', async ({ args }) => {
    const refused = await run(...args);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('failed calling webhook "validate.imagegate.dev"');
  });

  it.each<{ title: string; args: string[] }>([
    { title: 'a label on a running Pod', args: ['label', 'pod', 'old', 'touched=yes'] },
    { title: 'an annotation on a Deployment', args: ['annotate', 'deployment', 'old', 'touched=yes'] },
    { title: 'scaling', args: ['scale', 'deployment', 'old', '--replicas=0'] },
    {
      title: 'a finalizer on a running Pod',
      args: [
        'patch',
        'pod',
        'old',
        '--type=merge',
        '-p',
        '{"metadata":{"finalizers":["e2e.imagegate.dev/hold"]}}',
      ],
    },
    {
      title: 'the removal of a finalizer',
      args: ['patch', 'pod', 'old', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'],
    },
    {
      title: 'the status that a kubelet reports',
      args: ['patch', 'pod', 'old', '--subresource=status', '-p', '{"status":{"phase":"Running"}}'],
    },
    { title: 'the deletion of a Deployment', args: ['delete', 'deployment', 'old', '--wait=false'] },
    { title: 'the deletion of a running Pod', args: ['delete', 'pod', 'old', '--wait=false'] },
  ])('$title passes (R10)', async ({ args }) => {
    expect(await run(...args)).toMatchObject({ code: 0 });
  });

  it('a Pod of a bootstrap namespace starts (R11)', async () => {
    const started = await cluster.run(['-n', 'kube-system', 'run', 'network', `--image=${badImage}`]);
    expect(started).toMatchObject({ code: 0 });
    expect(await cluster.run(['-n', 'kube-system', 'delete', 'pod', 'network'])).toMatchObject({ code: 0 });
  });

  it('a new namespace, a Service and a ConfigMap pass: they start no image', async () => {
    const other = await createNamespace(cluster);
    expect(await cluster.run(['-n', other, 'create', 'configmap', 'c'])).toMatchObject({ code: 0 });
    const service = ['-n', other, 'create', 'service', 'clusterip', 's', '--tcp=80'];
    expect(await cluster.run(service)).toMatchObject({ code: 0 });
  });

  it('all is well again as soon as one replica is back (R18)', async () => {
    gate = await startGate(cluster, { port: gate.port, data: gate.data });
    const answer = await eventually(
      'a verdict',
      async () => {
        const { status, body } = await cluster.api(
          'POST',
          `/api/v1/namespaces/${namespace}/pods?dryRun=All`,
          pod('p', badImage),
        );
        return status === 403 && body;
      },
      { within: 10_000 },
    );
    expect(answer['message']).toContain('registry-not-allowed');
    expect(await dryRun(cluster, namespace, goodImage)).toBe(true);
  });
});
