import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../text/json/json.ts';
import { extractImages } from './extract.ts';
import { maxImages } from './found-images.ts';
import { createWorkloadTable, groupOf } from './kinds/kinds.ts';
import { builtInWorkloads } from './kinds/built-in-kinds.ts';
import { customWorkloads } from './kinds/custom-kinds.ts';
import { parseWorkloadRow } from './kinds/workload-row.ts';
import type { WorkloadKind } from './kinds/workload-kind.ts';
import { readManifestObjects } from './manifest.ts';
import { pullSecretsOf } from './pull-context.ts';

const table = createWorkloadTable([]);
const kindOf = (group: string, kind: string): WorkloadKind => table.byKind(group, kind)!;
const pod = kindOf('', 'Pod');
const deployment = kindOf('apps', 'Deployment');
const replicationController = kindOf('', 'ReplicationController');
const knative = kindOf('serving.knative.dev', 'Service');
const task = kindOf('tekton.dev', 'Task');

const app = { name: 'app', image: 'nginx' };
const inPod = (spec: JsonObject): JsonObject => ({ spec: { containers: [app], ...spec } });
const inTemplate = (spec: JsonObject): JsonObject => ({
  spec: { template: { spec: { containers: [app], ...spec } } },
});
const found = (kind: WorkloadKind, object: JsonObject) => {
  const result = extractImages(kind, object);
  return result.ok
    ? result.value.images.map(({ path, given }) => `${path}=${given}`)
    : [`${result.error.code} ${result.error.path}`];
};

describe('fixtures: one object per kind, every place planted (B17, B18)', () => {
  const folder = new URL('../../../test/fixtures/workloads/', import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  const texts = files.map((file) => [file, readFileSync(new URL(file, folder), 'utf8')] as const);

  test.each(texts)('%s', (file, text) => {
    const manifest = readManifestObjects(text, file);
    if (!manifest.ok) throw new Error(JSON.stringify(manifest.error));
    const [document, ...others] = manifest.value.objects;
    expect(others).toEqual([]);
    const kind = kindOf(groupOf(document!.apiVersion), document!.kind);
    const result = extractImages(kind, document!.object);
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    const planted = text.match(/planted\.example\/\S+/g) ?? [];
    expect(planted.length).toBeGreaterThan(0);
    expect(result.value.images.map(({ given }) => given).sort()).toEqual([...planted].sort());
    const { images } = result.value;
    expect(new Set(images.map(({ path }) => path)).size).toBe(images.length);
    expect(new Set(images.map(({ place }) => place)).size).toBe(images.length);
  });
  test('cover every row of the table', () => {
    const covered = new Set(
      texts.map(
        ([, text]) => `${groupOf(/^apiVersion: (\S+)/m.exec(text)![1]!)}/${/^kind: (\S+)/m.exec(text)![1]!}`,
      ),
    );
    const missing = [...builtInWorkloads, ...customWorkloads].filter(
      (row) => !covered.has(`${row.group}/${row.kind}`),
    );
    expect(missing.map(({ kind }) => kind)).toEqual([]);
  });
});

describe('fixtures plant something at every place of every row', () => {
  const folder = new URL('../../../test/fixtures/workloads/', import.meta.url);
  const objects = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => {
      const manifest = readManifestObjects(readFileSync(new URL(file, folder), 'utf8'), file);
      return manifest.ok ? manifest.value.objects : [];
    });
  test.each(customWorkloads.map((row) => [`${row.group}/${row.kind}`, row] as const))('%s', (_title, row) => {
    const own = objects.filter(
      ({ apiVersion, kind }) => groupOf(apiVersion) === row.group && kind === row.kind,
    );
    const { podSpec, images, imageUrls, ...rest } = row;
    const places: WorkloadKind[] = [
      ...[podSpec ?? []].flat().map((path) => ({ ...rest, podSpec: path })),
      ...(images ?? []).map((path) => ({ ...rest, images: [path] })),
      ...(imageUrls ?? []).map((path) => ({ ...rest, imageUrls: [path] })),
    ];
    // A pod spec may be there for its pull secrets alone.
    const isPlanted = (one: WorkloadKind): boolean =>
      own.some(
        ({ object }) => found(one, object).length > 0 || pullSecretsOf(one, object).pullSecrets.length > 0,
      );
    expect(places.filter((one) => !isPlanted(one))).toEqual([]);
  });
});

describe('where images are', () => {
  test('gives path, text and place of every list, in order', () => {
    const result = extractImages(
      deployment,
      inTemplate({
        initContainers: [{ name: 'setup', image: 'busybox' }],
        ephemeralContainers: [{ name: 'debug', image: 'alpine' }],
        volumes: [
          { name: 'tmp', emptyDir: {} },
          { name: 'model', image: { reference: 'model:1' } },
        ],
      }),
    );
    const spec = 'spec.template.spec';
    expect(result).toMatchObject({
      ok: true,
      value: {
        warnings: [],
        images: [
          { path: `${spec}.containers[0].image`, given: 'nginx', place: `${spec}.containers/app` },
          {
            path: `${spec}.initContainers[0].image`,
            given: 'busybox',
            place: `${spec}.initContainers/setup`,
          },
          {
            path: `${spec}.ephemeralContainers[0].image`,
            given: 'alpine',
            place: `${spec}.ephemeralContainers/debug`,
          },
          {
            path: `${spec}.volumes[1].image.reference`,
            given: 'model:1',
            place: `${spec}.volumes/model`,
            volume: true,
          },
        ],
      },
    });
  });
  test('hands out the pod spec itself, not a copy', () => {
    const object = inPod({});
    const result = extractImages(pod, object);
    expect(result.ok && result.value.podSpec).toBe(object['spec']);
  });
  const onlyApp = ['spec.containers[0].image=nginx'];
  test.each<[string, JsonObject]>([
    ['B14: a forged deletionTimestamp', { metadata: { deletionTimestamp: '2020-01-01T00:00:00Z' } }],
    [
      'B15: a forged owner',
      { metadata: { ownerReferences: [{ kind: 'ReplicaSet', name: 'x', controller: true }] } },
    ],
    ['B16: a forged annotation of ours', { metadata: { annotations: { 'imagegate.dev/verified': 'true' } } }],
    ['a finished phase', { status: { phase: 'Succeeded' } }],
  ])('%s changes nothing', (_title, extra) =>
    expect(found(pod, { ...inPod({}), ...extra })).toEqual(onlyApp),
  );
  test.each<[string, JsonObject]>([
    ["an rbd volume's image", { volumes: [{ name: 'disk', rbd: { image: 'block-device' } }] }],
    ['a volume without image', { volumes: [{ name: 'tmp', emptyDir: {} }] }],
    ['a volume whose image is null', { volumes: [{ name: 'tmp', image: null }] }],
    [
      'lists that are null, as charts write them',
      { initContainers: null, ephemeralContainers: null, volumes: null },
    ],
    ['fields in other letters, which the API server ignores', { InitContainers: [app], Volumes: 'x' }],
    ['unknown lists', { sidecars: [{ name: 'x', image: 'evil' }] }],
    ['a __proto__ key', JSON.parse('{"__proto__": {"initContainers": 5}}') as JsonObject],
  ])('%s is no image', (_title, spec) => expect(found(pod, inPod(spec))).toEqual(onlyApp));
  test('two containers of one name in different lists are two places', () => {
    expect(found(pod, inPod({ initContainers: [app] }))).toHaveLength(2);
  });
});

describe('R4: blank and absent', () => {
  test.each<[string, JsonValue | undefined, string]>([
    ['absent', undefined, ''],
    ['null', null, ''],
    ['empty', '', ''],
    ['white space', ' \t', ' \t'],
  ])('an image that is %s is emitted in a Pod, so that it is denied', (_title, image, given) => {
    expect(found(pod, { spec: { containers: [{ name: 'app', image }] } })).toEqual([
      `spec.containers[0].image=${given}`,
    ]);
    expect(found(pod, inPod({ volumes: [{ name: 'v', image: { reference: image } }] }))[1]).toBe(
      `spec.volumes[0].image.reference=${given}`,
    );
  });
  test.each<[string, JsonValue | undefined]>([
    ['absent', undefined],
    ['null', null],
    ['empty', ''],
    ['white space', ' '],
  ])('an image that is %s is a warning in a template', (_title, image) => {
    const volumes = [{ name: 'v', image: { reference: image } }];
    const result = extractImages(deployment, inTemplate({ containers: [{ name: 'app', image }], volumes }));
    const path = 'spec.template.spec';
    expect(result.ok && result.value.images).toEqual([]);
    expect(result.ok && result.value.warnings).toEqual([
      `${path}.containers[0].image is blank: nothing to judge until it is filled in`,
      `${path}.volumes[0].image.reference is blank: nothing to judge until it is filled in`,
    ]);
  });
  test.each<[string, WorkloadKind, JsonObject, string]>([
    ['a ReplicationController', replicationController, { spec: { replicas: 1 } }, 'spec.template is absent'],
    [
      'a ReplicationController (null)',
      replicationController,
      { spec: { template: null } },
      'spec.template is absent',
    ],
    ['a Rollout', kindOf('argoproj.io', 'Rollout'), { spec: { workloadRef: {} } }, 'spec.template is absent'],
    ['a Knative Service', knative, {}, 'spec is absent'],
  ])('an absent template of %s is no image and a warning', (_title, kind, object, warning) => {
    const result = extractImages(kind, object);
    expect(result.ok && result.value.images).toEqual([]);
    expect(result.ok && result.value.podSpec).toBeUndefined();
    expect(result.ok ? result.value.warnings.join() : '').toContain(warning);
  });
});

describe('R19: a pod spec of the wrong shape is malformed-request', () => {
  const containers = (...items: JsonValue[]): JsonObject => ({ containers: items });
  test.each<[string, JsonObject, string]>([
    ['no spec', {}, 'spec'],
    ['spec null', { spec: null }, 'spec'],
    ['spec a list', { spec: [] }, 'spec'],
    ['spec text', { spec: 'x' }, 'spec'],
    ['no containers', { spec: {} }, 'spec.containers'],
    ['containers null', { spec: { containers: null } }, 'spec.containers'],
    ['containers an object', { spec: { containers: { 0: app, length: 1 } } }, 'spec.containers'],
    ['containers text', { spec: { containers: 'nginx' } }, 'spec.containers'],
    ['Containers in other letters', { spec: { Containers: [app] } }, 'spec.containers'],
    [
      'containers inside __proto__',
      JSON.parse('{"spec":{"__proto__":{"containers":[]}}}') as JsonObject,
      'spec.containers',
    ],
    ['a container that is null', inPod(containers(null)), 'spec.containers[0]'],
    ['a container that is text', inPod(containers(app, 'nginx')), 'spec.containers[1]'],
    ['a container that is a list', inPod(containers([app])), 'spec.containers[0]'],
    ['no name', inPod(containers({ image: 'nginx' })), 'spec.containers[0].name'],
    ['an empty name', inPod(containers({ name: '', image: 'nginx' })), 'spec.containers[0].name'],
    ['a number as name', inPod(containers({ name: 1, image: 'nginx' })), 'spec.containers[0].name'],
    ['an object as name', inPod(containers({ name: {}, image: 'nginx' })), 'spec.containers[0].name'],
    ['R2: a name twice', inPod(containers(app, { name: 'b', image: 'x' }, app)), 'spec.containers[2].name'],
    ['a number as image', inPod(containers({ name: 'app', image: 1.1 })), 'spec.containers[0].image'],
    ['an image as boolean', inPod(containers({ name: 'app', image: true })), 'spec.containers[0].image'],
    ['an image as list', inPod(containers({ name: 'app', image: ['nginx'] })), 'spec.containers[0].image'],
    [
      'an image as object',
      inPod(containers({ name: 'app', image: { length: 5 } })),
      'spec.containers[0].image',
    ],
    ['initContainers an object', inPod({ initContainers: {} }), 'spec.initContainers'],
    ['initContainers false', inPod({ initContainers: false }), 'spec.initContainers'],
    ['ephemeralContainers text', inPod({ ephemeralContainers: '' }), 'spec.ephemeralContainers'],
    ['volumes an object', inPod({ volumes: {} }), 'spec.volumes'],
    ['a volume that is null', inPod({ volumes: [null] }), 'spec.volumes[0]'],
    ['a volume image as text', inPod({ volumes: [{ name: 'v', image: 'x' }] }), 'spec.volumes[0].image'],
    [
      'a reference that is a number',
      inPod({ volumes: [{ name: 'v', image: { reference: 1 } }] }),
      'spec.volumes[0].image.reference',
    ],
    [
      'an image volume without name',
      inPod({ volumes: [{ image: { reference: 'x' } }] }),
      'spec.volumes[0].name',
    ],
    [
      'R2: two image volumes of one name',
      inPod({
        volumes: [
          { name: 'v', image: { reference: 'x' } },
          { name: 'v', image: { reference: 'y' } },
        ],
      }),
      'spec.volumes[1].name',
    ],
  ])('%s', (_title, object, path) => expect(found(pod, object)).toEqual([`malformed-request ${path}`]));
  test.each<[string, JsonObject, string]>([
    ['a Deployment without template', { spec: {} }, 'spec.template'],
    ['a template that is a list', { spec: { template: [] } }, 'spec.template'],
    [
      'a blank name twice',
      inTemplate({ containers: [{ name: 'a' }, { name: 'a', image: 'x' }] }),
      'spec.template.spec.containers[1].name',
    ],
  ])('in templates: %s', (_title, object, path) =>
    expect(found(deployment, object)).toEqual([`malformed-request ${path}`]),
  );
  test('what is reported holds no text of the object', () => {
    const result = extractImages(
      pod,
      inPod({ containers: [{ name: 'evil\u001b[2J', image: 'x' }, { name: 'evil\u001b[2J' }] }),
    );
    expect(JSON.stringify(result)).not.toContain('evil');
  });
});

describe('at most 64 images', () => {
  const many = (count: number, image: string) =>
    Array.from({ length: count }, (_, i) => ({ name: `c${i}`, image }));
  test('64 pass, over several lists', () => {
    expect(found(pod, inPod({ containers: many(40, 'x'), initContainers: many(24, 'x') }))).toHaveLength(
      maxImages,
    );
  });
  test.each<[string, WorkloadKind, JsonObject]>([
    ['65 containers', pod, inPod({ containers: many(65, 'x') })],
    ['65 over two lists', pod, inPod({ containers: many(64, 'x'), initContainers: many(1, 'x') })],
    ['100,000 blank ones in a template', deployment, inTemplate({ containers: many(100_000, '') })],
    [
      '65 image volumes',
      pod,
      inPod({ volumes: many(65, 'x').map(({ name }) => ({ name, image: { reference: 'x' } })) }),
    ],
    ['65 steps', task, { spec: { steps: many(65, 'x') } }],
  ])('%s are refused', (_title, kind, object) =>
    expect(found(kind, object).join()).toContain('too-many-images'),
  );
});

describe('custom kinds', () => {
  test('Knative: a container without name is known by its index', () => {
    const object = {
      spec: { template: { spec: { containers: [{ image: 'a' }, { image: 'b', name: 'app' }] } } },
    };
    const result = extractImages(knative, object);
    expect(result.ok && result.value.images.map(({ place }) => place)).toEqual([
      'spec.template.spec.containers[0]',
      'spec.template.spec.containers/app',
    ]);
  });
  test('Tekton: a variable is a warning, as only the Pod says what it becomes', () => {
    const result = extractImages(task, {
      spec: { steps: [{ image: '$(params.image)' }, { image: 'evil.io/x' }] },
    });
    expect(result.ok && result.value.images.map(({ given }) => given)).toEqual(['evil.io/x']);
    expect(result.ok && result.value.warnings).toEqual([
      'spec.steps[0].image holds a variable: judged when its Pod is created',
    ]);
  });
  test('in a Pod the same text is an image', () =>
    expect(found(pod, inPod({ containers: [{ name: 'app', image: '$(params.image)' }] }))).toEqual([
      'spec.containers[0].image=$(params.image)',
    ]));
  test.each<[string, JsonObject, string[]]>([
    ['nothing', {}, []],
    ['null on the way', { spec: null }, []],
    ['a step without image', { spec: { steps: [{ ref: { name: 'x' } }] } }, []],
    ['spec a list', { spec: [] }, ['malformed-request spec']],
    ['steps an object', { spec: { steps: {} } }, ['malformed-request spec.steps']],
    ['a step that is text', { spec: { steps: ['x'] } }, ['malformed-request spec.steps[0]']],
    [
      'an image that is an object',
      { spec: { steps: [{ image: {} }] } },
      ['malformed-request spec.steps[0].image'],
    ],
    [
      'a stepTemplate that is a list',
      { spec: { stepTemplate: [] } },
      ['malformed-request spec.stepTemplate'],
    ],
  ])('a Tekton Task with %s', (_title, object, want) => expect(found(task, object)).toEqual(want));
  test("a user's row is read like a shipped one", () => {
    const row = parseWorkloadRow({
      group: 'example.com',
      resource: 'robots',
      kind: 'Robot',
      images: ['spec.arms[].tools[].image', 'spec.images[]'],
    });
    const object = { spec: { arms: [{ tools: [{ image: 'a' }, { image: 'b' }] }, {}], images: ['c'] } };
    expect(row.ok && found(row.value, object)).toEqual([
      'spec.arms[0].tools[0].image=a',
      'spec.arms[0].tools[1].image=b',
      'spec.images[0]=c',
    ]);
  });
});
