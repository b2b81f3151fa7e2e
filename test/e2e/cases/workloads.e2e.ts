import { beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../harness/api.ts';
import { eventually } from '../harness/eventually.ts';
import { stageGate } from '../harness/gate-stage.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { badImage, fence, goodImage, pod } from '../harness/policies.ts';
import { imagePlaces, workloadKinds } from '../harness/workload-kinds.ts';

const otherBadImage = 'untrusted-registry/other';
const debuggerImage = 'untrusted-registry/debugger';
const refusal = (image: string): RegExp => new RegExp(`denied the request: .*${image}`);

describe('a new workload', () => {
  const { cluster } = stageGate();
  let namespace: string;
  beforeAll(async () => {
    namespace = await createNamespace(cluster);
    await fence(cluster, namespace);
  });
  const run = (...args: string[]) => cluster.run(['-n', namespace, ...args]);

  const cases = workloadKinds.flatMap((kind) => imagePlaces.map((where) => ({ ...kind, ...where })));
  it.each(cases)(
    'of kind $kind is refused for $place and passes with a good one (B17, B18)',
    async ({ kind, path, object, place, podSpec }) => {
      const name = `${kind} ${place}`.toLowerCase().replaceAll(' ', '-');
      const refused = await cluster.api('POST', path(namespace), object(name, podSpec(badImage, goodImage)));
      expect([refused.status, refused.message]).toEqual([403, expect.stringMatching(refusal(badImage))]);
      const passed = await cluster.api('POST', path(namespace), object(name, podSpec(goodImage, goodImage)));
      expect([passed.status, passed.message]).toEqual([201, '']);
    },
  );

  it('names every bad image of it, not only the first', async () => {
    const spec = { initContainers: [{ name: 'init', image: otherBadImage }] };
    const { message } = await cluster.api(
      'POST',
      `/api/v1/namespaces/${namespace}/pods`,
      pod('two', badImage, spec),
    );
    expect(message).toContain(badImage);
    expect(message).toContain(otherBadImage);
  });

  it('is refused when kubectl set image brings the bad image later (R2)', async () => {
    expect((await run('create', 'deployment', 'set', `--image=${goodImage}`, '--replicas=0')).code).toBe(0);
    const refused = await run('set', 'image', 'deployment/set', `*=${badImage}`);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(refusal(badImage))]);
    expect(await run('set', 'image', 'deployment/set', `*=${goodImage}-next`)).toMatchObject({ code: 0 });
  });

  it('is refused when kubectl debug adds an ephemeral container with a bad image (B17)', async () => {
    expect((await run('run', 'debugged', `--image=${goodImage}`)).code).toBe(0);
    const refused = await run('debug', 'debugged', `--image=${badImage}`, '--container=peek');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(refusal(badImage))]);
    expect(await run('debug', 'debugged', `--image=${goodImage}`, '--container=good')).toMatchObject({
      code: 0,
    });
    // A second one is judged by what is new, whatever stands there already.
    expect((await run('debug', 'debugged', `--image=${debuggerImage}`, '--container=again')).code).toBe(1);
  });
});

describe('a workload that is older than the policy', () => {
  const { cluster } = stageGate();
  let namespace: string;
  const run = (...args: string[]) => cluster.run(['-n', namespace, ...args]);
  const api = (method: string, path: string, body?: unknown) =>
    cluster.api(method, path.replace('NS', `namespaces/${namespace}`), body);

  beforeAll(async () => {
    namespace = await createNamespace(cluster);
    const two = pod('two', badImage, {
      containers: [
        { name: 'c0', image: badImage },
        { name: 'c1', image: otherBadImage },
      ],
    });
    const made = [
      ['create', 'deployment', 'old', `--image=${badImage}`, '--replicas=1'],
      ['create', 'deployment', 'starting', `--image=${badImage}`, '--replicas=0'],
      ['run', 'old', `--image=${badImage}`],
    ];
    for (const args of made) await cluster.must(['-n', namespace, ...args]);
    await cluster.must(['-n', namespace, 'create', '-f', '-'], { input: JSON.stringify(two) });
    await eventually(
      "the old Deployment's Pod",
      async () => (await api('GET', '/apis/apps/v1/NS/deployments/old')).body['status'] !== undefined,
      { within: 10_000 },
    );
    await fence(cluster, namespace);
  });

  it.each<{ title: string; args: string[] }>([
    { title: 'a label on its Pod', args: ['label', 'pod', 'old', 'touched=yes'] },
    { title: 'an annotation on its Deployment', args: ['annotate', 'deployment', 'old', 'touched=yes'] },
    { title: 'scaling it', args: ['scale', 'deployment', 'old', '--replicas=2'] },
    {
      title: 'a restart, which changes its template but no image',
      args: ['rollout', 'restart', 'deployment', 'old'],
    },
    {
      title: 'a finalizer on its Pod',
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
      title: 'the removal of the finalizer',
      args: ['patch', 'pod', 'old', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'],
    },
    {
      title: 'another change of its spec that brings no image',
      args: ['patch', 'pod', 'old', '-p', '{"spec":{"activeDeadlineSeconds":3600}}'],
    },
    {
      title: 'its status',
      args: ['patch', 'pod', 'old', '--subresource=status', '-p', '{"status":{"message":"seen"}}'],
    },
    { title: 'the deletion of another Pod like it', args: ['delete', 'pod', 'two', '--dry-run=server'] },
  ])('may still have $title (R2, B19)', async ({ args }) => {
    expect(await run(...args)).toMatchObject({ code: 0 });
  });

  it.each<{ title: string; args: string[]; image: string }>([
    {
      title: 'another bad image',
      args: ['set', 'image', 'deployment/old', '*=untrusted-registry/newer'],
      image: 'untrusted-registry/newer',
    },
    {
      title: 'the image of its neighbour container',
      args: ['set', 'image', 'pod/two', `c0=${otherBadImage}`],
      image: otherBadImage,
    },
    {
      title: 'the same image in another spelling',
      args: ['set', 'image', 'pod/two', `c0=${badImage}:latest`],
      image: badImage,
    },
    {
      title: 'a debugger made of the image that it runs already',
      args: ['debug', 'old', `--image=${badImage}`, '--container=same'],
      image: badImage,
    },
  ])('is refused $title (R2)', async ({ args, image }) => {
    const refused = await run(...args);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(refusal(image))]);
  });

  it('starts no new Pod: its ReplicaSet is refused and says so (R2)', async () => {
    expect(await run('scale', 'deployment', 'starting', '--replicas=2')).toMatchObject({ code: 0 });
    const event = await eventually(
      'FailedCreate of the ReplicaSet',
      async () => {
        const { body } = await api('GET', '/api/v1/NS/events?fieldSelector=reason=FailedCreate');
        return (body['items'] as KubeObject[]).find(({ involvedObject }) =>
          (involvedObject as { name: string }).name.startsWith('starting-'),
        );
      },
      { within: 15_000 },
    );
    expect(event['message']).toMatch(refusal(badImage));
    const { body } = await api('GET', '/api/v1/NS/pods?labelSelector=app=starting');
    expect(body['items']).toEqual([]);
  });

  it('is told of by an Event of the gate on its owner, not on the Pod that never was (R23)', async () => {
    const event = await eventually(
      'the Event of the gate',
      async () => {
        const { body } = await api('GET', '/api/v1/NS/events');
        return (body['items'] as KubeObject[]).find(
          ({ source, involvedObject }) =>
            (source as { component?: string }).component === 'imagegate' &&
            (involvedObject as { name: string }).name.startsWith('starting'),
        );
      },
      { within: 15_000 },
    );
    expect((event['involvedObject'] as { kind: string }).kind).toMatch(/^(Deployment|ReplicaSet)$/);
    expect(event['type']).toBe('Warning');
    expect(event['message']).toContain(badImage);
  });

  it('may be deleted, and its namespace with it', async () => {
    expect(await run('delete', 'deployment,pod', '--all', '--wait=false')).toMatchObject({ code: 0 });
    expect(await cluster.run(['delete', 'namespace', namespace, '--wait=false'])).toMatchObject({
      code: 0,
    });
    await eventually(
      'the namespace to be gone',
      async () => (await api('GET', '/api/v1/NS')).status === 404,
      { within: 30_000, every: 200 },
    );
  });
});
