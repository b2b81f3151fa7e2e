import { beforeAll, describe, expect, it } from 'vitest';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import { createPod, judgeImages } from '../harness/evidence-judged.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { inspectedDigest, pushUmociImages } from '../harness/evidence-umoci.ts';
import { eventually } from '../harness/eventually.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { pod } from '../harness/policies.ts';

const imagesPath =
  '{range .spec.initContainers[*]}{.image}{"\\n"}{end}{range .spec.containers[*]}{.image}{"\\n"}{end}';
const volumesPath = '{range .spec.volumes[*]}{.image.reference}{"\\n"}{end}';
const debuggersPath = '{range .spec.ephemeralContainers[*]}{.image}{"\\n"}{end}';

describe('digest: { pin: true }', () => {
  const stage = stageEvidence(async () => {
    const registry = await startDockerRegistry({ tls: true });
    return { registry, config: { registries: [rowOf(registry)] }, close: () => registry.stop() };
  });
  const { cluster } = stage;
  let namespace: string;
  let app: (tag: string) => string;
  const digests = new Map<string, string>();
  const pinned = (tag: string): string => `${app(tag)}@${digests.get(tag)}`;

  const run = (...args: string[]) => cluster.run(['-n', namespace, ...args]);
  const create = (object: object) =>
    cluster.run(['-n', namespace, 'create', '-f', '-'], { input: JSON.stringify(object) });
  const stored = async (name: string, ...paths: readonly string[]): Promise<string[]> => {
    const answer = await run('get', 'pod', name, '-o', `jsonpath=${paths.join('')}`);
    return answer.stdout.split('\n').filter((line) => line !== '');
  };
  const volume = (reference: string) => ({ volumes: [{ name: 'data', image: { reference } }] });

  beforeAll(async () => {
    const { registry } = stage.around;
    app = (tag) => `${registry.host}/team/app:${tag}`;
    const tags = ['one', 'two', 'three', 'latest'];
    const made = tags.map((tag) => [tag, { user: '65532', label: `tag=${tag}` }] as const);
    await pushUmociImages(registry, 'team/app', Object.fromEntries(made));
    for (const tag of tags) digests.set(tag, await inspectedDigest(registry, app(tag)));
    namespace = await createNamespace(cluster);
    // Before the policy: nothing of these is pinned.
    for (const name of ['old', 'old-debugged'])
      await cluster.must(['-n', namespace, 'run', name, `--image=${app('one')}`]);
    await cluster.must([
      '-n',
      namespace,
      'debug',
      'old-debugged',
      `--image=${app('one')}`,
      '--container=first',
    ]);
    await create(pod('old-volume', app('one'), volume(app('two'))));
    await judgeImages(cluster, namespace, { hosts: [registry.host] });
  });

  it('stores a Pod with tag and digest for containers, init containers and image volumes (B22)', async () => {
    const spec = {
      initContainers: [{ name: 'init', image: app('two') }],
      containers: [
        { name: 'app', image: app('one') },
        { name: 'untagged', image: app('one').replace(/:one$/, '') },
        { name: 'named', image: pinned('three') },
      ],
      ...volume(app('three')),
    };
    expect(await create(pod('all', '', spec))).toMatchObject({ code: 0, stderr: '' });
    expect(await stored('all', imagesPath)).toEqual([
      pinned('two'),
      pinned('one'),
      pinned('latest'),
      pinned('three'),
    ]);
    expect(await stored('all', volumesPath)).toEqual([pinned('three')]);
  });

  it('leaves the template of a Deployment as it was written, and pins its Pods', async () => {
    await cluster.must(['-n', namespace, 'create', 'deployment', 'web', `--image=${app('one')}`]);
    const images = await eventually(
      'the Pod of the Deployment',
      async () => {
        const { stdout } = await run(
          'get',
          'pod',
          '-l',
          'app=web',
          '-o',
          'jsonpath={.items[*].spec.containers[*].image}',
        );
        return stdout !== '' && stdout;
      },
      { within: 10_000 },
    );
    expect(images).toBe(pinned('one'));
    for (const kind of ['deployment', 'replicaset']) {
      const path = 'jsonpath={.items[*].spec.template.spec.containers[*].image}';
      expect((await run('get', kind, '-l', 'app=web', '-o', path)).stdout).toBe(app('one'));
    }
  });

  it('judges a mirror Pod by what its file says, never writes into it, and gives nobody a way around (B16)', async () => {
    const mirrored = (name: string, image: string) => ({
      ...pod(name, image, { nodeName: 'one' }),
      metadata: { name, annotations: { 'kubernetes.io/config.mirror': 'x' } },
    });
    const refused = await create(mirrored('mirror-tag', app('one')));
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('digest-missing');
    expect(refused.stderr).toContain('this is the mirror of a static Pod');
    expect(await create(mirrored('mirror-digest', pinned('one')))).toMatchObject({ code: 0, stderr: '' });
    expect(await stored('mirror-digest', imagesPath)).toEqual([pinned('one')]);
    // Later nobody can make a mirror of a Pod, or the other way round.
    expect(await create(pod('no-mirror', app('one')))).toMatchObject({ code: 0 });
    expect(await stored('no-mirror', imagesPath)).toEqual([pinned('one')]);
    for (const [name, change] of [
      ['no-mirror', 'kubernetes.io/config.mirror=x'],
      ['mirror-digest', 'kubernetes.io/config.mirror-'],
    ] as const)
      expect((await run('annotate', 'pod', name, change)).stderr).toContain('mirror');
  });

  it('refuses a Pod whose image nobody has pushed, and one from elsewhere without looking at it', async () => {
    const nothing = await createPod(cluster, namespace, app('nothing'));
    expect([nothing.status, nothing.message]).toEqual([403, expect.stringContaining('image-absent')]);
    expect(nothing.warnings).toContain('was not pinned: it is not in its registry');
    const elsewhere = await createPod(cluster, namespace, '127.0.0.1:1/team/app:one');
    expect([elsewhere.status, elsewhere.message]).toEqual([
      403,
      expect.stringContaining('registry-not-allowed'),
    ]);
    expect(elsewhere.message).not.toContain('image-unavailable');
  });

  it.each([
    { title: 'an old Pod', name: 'old', images: ['one'], volumes: [] },
    { title: 'an old Pod with an image volume', name: 'old-volume', images: ['one'], volumes: ['two'] },
  ])('lets $title be labelled, and leaves its text', async ({ name, images, volumes }) => {
    expect(await run('label', 'pod', name, 'touched=yes')).toMatchObject({ code: 0 });
    // A change of the spec reaches the gate, a label alone does not.
    const patch = '{"spec":{"activeDeadlineSeconds":3600}}';
    expect(await run('patch', 'pod', name, '-p', patch)).toMatchObject({ code: 0 });
    expect(await stored(name, imagesPath)).toEqual(images.map(app));
    expect(await stored(name, volumesPath)).toEqual(volumes.map(app));
  });

  it('lets a new Pod with an image volume be labelled, and leaves its digest', async () => {
    expect(await create(pod('new-volume', app('one'), volume(app('two'))))).toMatchObject({ code: 0 });
    expect(await run('label', 'pod', 'new-volume', 'touched=yes')).toMatchObject({ code: 0 });
    expect(await stored('new-volume', imagesPath, volumesPath)).toEqual([pinned('one'), pinned('two')]);
  });

  it.each([
    { title: 'one that the gate pinned', name: 'debugged', first: () => pinned('two') },
    { title: 'one that is older than the policy', name: 'old-debugged', first: () => app('one') },
  ])('pins a second kubectl debug, and leaves the first, $title, as it is', async ({ name, first }) => {
    if (name === 'debugged') {
      expect(await run('run', name, `--image=${app('one')}`)).toMatchObject({ code: 0 });
      expect(await run('debug', name, `--image=${app('two')}`, '--container=first')).toMatchObject({
        code: 0,
      });
    }
    expect(await run('debug', name, `--image=${app('three')}`, '--container=second')).toMatchObject({
      code: 0,
    });
    expect(await stored(name, debuggersPath)).toEqual([first(), pinned('three')]);
    const refused = await run('debug', name, `--image=${app('nothing')}`, '--container=third');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('image-absent')]);
  });

  it.each(['old', 'new'])(
    'leaves kubectl set image on a Pod (%s) to be refused without a digest',
    async (age) => {
      if (age === 'new') expect(await run('run', 'new', `--image=${app('one')}`)).toMatchObject({ code: 0 });
      const [before] = await stored(age, imagesPath);
      const refused = await run('set', 'image', `pod/${age}`, `*=${app('two')}`);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('digest-missing')]);
      expect(await stored(age, imagesPath)).toEqual([before]);
      expect(await run('set', 'image', `pod/${age}`, `*=${pinned('two')}`)).toMatchObject({ code: 0 });
      expect(await stored(age, imagesPath)).toEqual([pinned('two')]);
    },
  );
});
