import { beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../harness/api.ts';
import { eventually } from '../harness/eventually.ts';
import { stageGate } from '../harness/gate-stage.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { BAD, fence, GOOD, pod } from '../harness/policies.ts';
import { IMAGE_PLACES, WORKLOAD_KINDS } from '../harness/workload-kinds.ts';

const OTHER_BAD = 'untrusted-registry/other';
const DEBUGGER = 'untrusted-registry/debugger';
const refusal = (image: string): RegExp => new RegExp(`denied the request: .*${image}`);

describe('a new workload', () => {
  const { cluster } = stageGate();
  let namespace: string;
  beforeAll(async () => {
    namespace = await createNamespace(cluster);
    await fence(cluster, namespace);
  });
  const run = (...args: string[]) => cluster.run(['-n', namespace, ...args]);

  const cases = WORKLOAD_KINDS.flatMap((kind) => IMAGE_PLACES.map((where) => ({ ...kind, ...where })));
  it.each(cases)(
    'of kind $kind is refused for $place and passes with a good one (B17, B18)',
    async ({ kind, path, object, place, podSpec }) => {
      const name = `${kind} ${place}`.toLowerCase().replaceAll(' ', '-');
      const refused = await cluster.api('POST', path(namespace), object(name, podSpec(BAD, GOOD)));
      expect([refused.status, refused.message]).toEqual([403, expect.stringMatching(refusal(BAD))]);
      const passed = await cluster.api('POST', path(namespace), object(name, podSpec(GOOD, GOOD)));
      expect([passed.status, passed.message]).toEqual([201, '']);
    },
  );

  it('names every bad image of it, not only the first', async () => {
    const spec = { initContainers: [{ name: 'init', image: OTHER_BAD }] };
    const { message } = await cluster.api(
      'POST',
      `/api/v1/namespaces/${namespace}/pods`,
      pod('two', BAD, spec),
    );
    expect(message).toContain(BAD);
    expect(message).toContain(OTHER_BAD);
  });

  it('is refused when kubectl set image brings the bad image later (R2)', async () => {
    expect((await run('create', 'deployment', 'set', `--image=${GOOD}`, '--replicas=0')).code).toBe(0);
    const refused = await run('set', 'image', 'deployment/set', `*=${BAD}`);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(refusal(BAD))]);
    expect(await run('set', 'image', 'deployment/set', `*=${GOOD}-next`)).toMatchObject({ code: 0 });
  });

  it('is refused when kubectl debug adds an ephemeral container with a bad image (B17)', async () => {
    expect((await run('run', 'debugged', `--image=${GOOD}`)).code).toBe(0);
    const refused = await run('debug', 'debugged', `--image=${BAD}`, '--container=peek');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(refusal(BAD))]);
    expect(await run('debug', 'debugged', `--image=${GOOD}`, '--container=good')).toMatchObject({ code: 0 });
    // A second one is judged by what is new, whatever stands there already.
    expect((await run('debug', 'debugged', `--image=${DEBUGGER}`, '--container=again')).code).toBe(1);
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
    const two = pod('two', BAD, {
      containers: [
        { name: 'c0', image: BAD },
        { name: 'c1', image: OTHER_BAD },
      ],
    });
    const made = [
      ['create', 'deployment', 'old', `--image=${BAD}`, '--replicas=1'],
      ['create', 'deployment', 'starting', `--image=${BAD}`, '--replicas=0'],
      ['run', 'old', `--image=${BAD}`],
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
      args: ['set', 'image', 'pod/two', `c0=${OTHER_BAD}`],
      image: OTHER_BAD,
    },
    {
      title: 'the same image in another spelling',
      args: ['set', 'image', 'pod/two', `c0=${BAD}:latest`],
      image: BAD,
    },
    {
      title: 'a debugger made of the image that it runs already',
      args: ['debug', 'old', `--image=${BAD}`, '--container=same'],
      image: BAD,
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
    expect(event['message']).toMatch(refusal(BAD));
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
    expect(event['message']).toContain(BAD);
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
