import { describe, expect, test, vi } from 'vitest';
import type { JsonObject, JsonValue } from '../text/json/json.ts';
import { extractImages } from './extract.ts';
import { maxEntries, maxImages } from './found-images.ts';
import { createWorkloadTable } from './kinds/kinds.ts';
import { parseWorkloadRow } from './kinds/workload-row.ts';
import type { WorkloadKind } from './kinds/workload-kind.ts';
import { imagesBefore, unchangedPlaces } from './unchanged.ts';

const task = createWorkloadTable([]).byKind('tekton.dev', 'Task')!;
const app = { name: 'app', image: 'nginx' };
const found = (kind: WorkloadKind, object: JsonObject) => {
  const result = extractImages(kind, object);
  return result.ok
    ? result.value.images.map(({ path, given }) => `${path}=${given}`)
    : [`${result.error.code} ${result.error.path}`];
};

const rowOf = (places: JsonObject): WorkloadKind => {
  const row = parseWorkloadRow({ group: 'example.com', resource: 'robots', kind: 'Robot', ...places });
  if (!row.ok) throw new Error(row.error);
  return row.value;
};

describe('rows that go through lists and maps', () => {
  const roles = rowOf({ podSpec: 'spec.roles.*.template.spec' });
  const workers = rowOf({ podSpec: ['spec.head.spec', 'spec.workers[].spec'], images: ['spec.image'] });
  const tools = rowOf({ images: ['spec.tools.*[].image', 'spec.names.*'] });
  const role = (image: JsonValue, more: JsonObject = {}): JsonObject => ({
    template: { spec: { containers: [{ name: 'main', image }], ...more } },
  });

  test.each<[string, WorkloadKind, JsonObject, string[]]>([
    [
      'every key of a map, in the order of the object',
      roles,
      { spec: { roles: { Worker: role('w'), Master: role('m'), Empty: null } } },
      [
        'spec.roles.Worker.template.spec.containers[0].image=w',
        'spec.roles.Master.template.spec.containers[0].image=m',
      ],
    ],
    [
      'every list of such a pod spec',
      roles,
      {
        spec: {
          roles: {
            A: role('a', {
              initContainers: [{ name: 'i', image: 'b' }],
              volumes: [{ name: 'v', image: { reference: 'c' } }],
            }),
          },
        },
      },
      [
        'spec.roles.A.template.spec.containers[0].image=a',
        'spec.roles.A.template.spec.initContainers[0].image=b',
        'spec.roles.A.template.spec.volumes[0].image.reference=c',
      ],
    ],
    [
      'several pod specs and bare images',
      workers,
      {
        spec: {
          image: 'x',
          head: { spec: { containers: [{ image: 'h' }] } },
          workers: [
            { spec: { containers: [{ image: 'w0' }] } },
            {},
            { spec: { containers: [{ image: 'w2' }] } },
          ],
        },
      },
      [
        'spec.head.spec.containers[0].image=h',
        'spec.workers[0].spec.containers[0].image=w0',
        'spec.workers[2].spec.containers[0].image=w2',
        'spec.image=x',
      ],
    ],
    [
      'a map of lists and a map of texts',
      tools,
      { spec: { tools: { a: [{ image: 'x' }, { image: 'y' }], b: null }, names: { c: 'z' } } },
      ['spec.tools.a[0].image=x', 'spec.tools.a[1].image=y', 'spec.names.c=z'],
    ],
    ['nothing there', roles, { spec: {} }, []],
    ['no spec', workers, {}, []],
    [
      'a key that every JavaScript object has',
      roles,
      {
        spec: {
          roles: JSON.parse(
            '{"__proto__":{"template":{"spec":{"containers":[{"image":"p"}]}}}}',
          ) as JsonObject,
        },
      },
      ['spec.roles.__proto__.template.spec.containers[0].image=p'],
    ],
    ['a list instead of the map', roles, { spec: { roles: [role('x')] } }, ['malformed-request spec.roles']],
    ['text under a key', roles, { spec: { roles: { A: 'x' } } }, ['malformed-request spec.roles.A']],
    [
      'a pod spec that is text',
      workers,
      { spec: { workers: [{ spec: 'x' }] } },
      ['malformed-request spec.workers[0].spec'],
    ],
    [
      'an image under a key that is a number',
      tools,
      { spec: { names: { a: 1 } } },
      ['malformed-request spec.names.a'],
    ],
    [
      'R2: one container name twice in one of the pod specs',
      roles,
      { spec: { roles: { A: { template: { spec: { containers: [app, app] } } } } } },
      ['malformed-request spec.roles.A.template.spec.containers[1].name'],
    ],
  ])('%s', (_title, kind, object, want) => expect(found(kind, object)).toEqual(want));

  test('a key that is no field name is quoted in the path, safe to show', () => {
    const names = { 'my.group': 'a', 'x"\u001b[2J': 'b', größe: 'c', '': 'd' };
    expect(found(tools, { spec: { names } })).toEqual([
      'spec.names["my.group"]=a',
      'spec.names["x\\"\\u001b[2J"]=b',
      'spec.names["gr\\u00f6\\u00dfe"]=c',
      'spec.names[""]=d',
    ]);
  });
  test.each([
    ['a long key', 'k'.repeat(254)],
    ['a key that is long once it is shown', '\u0001'.repeat(100)],
  ])('%s is malformed, and not shown', (_title, key) =>
    expect(found(tools, { spec: { names: { [key]: 'x' } } })).toEqual(['malformed-request spec.names']),
  );

  test('R2: an image under the same key is unchanged, under another it is new', () => {
    const before = { spec: { roles: { Master: role('m'), Worker: role('w') } } };
    const fresh = (after: JsonObject): string[] => {
      const result = extractImages(roles, after);
      if (!result.ok) throw new Error(result.error.why);
      const same = unchangedPlaces(result.value.images, imagesBefore(roles, before));
      return result.value.images.filter(({ place }) => !same.has(place)).map(({ path }) => path);
    };
    expect(fresh({ spec: { roles: { Worker: role('w'), Master: role('m') } } })).toEqual([]);
    expect(fresh({ spec: { roles: { Master: role('w'), Worker: role('w') } } })).toEqual([
      'spec.roles.Master.template.spec.containers[0].image',
    ]);
    expect(fresh({ spec: { roles: { Master: role('m'), Chief: role('m') } } })).toEqual([
      'spec.roles.Chief.template.spec.containers[0].image',
    ]);
  });

  const entries = (count: number, value: JsonValue): JsonObject =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, value]));
  test.each<[string, WorkloadKind, JsonObject]>([
    ['65 images under the keys of a map', tools, { spec: { names: entries(65, 'x') } }],
    ['65 pod specs of one image', roles, { spec: { roles: entries(65, role('x')) } }],
    ['more entries than are looked at', roles, { spec: { roles: entries(maxEntries + 1, null) } }],
    [
      'more items than are looked at',
      task,
      { spec: { steps: Array.from({ length: maxEntries + 1 }, () => ({})) } },
    ],
    [
      'more entries than are looked at, over two maps',
      tools,
      { spec: { tools: entries(maxEntries / 2, null), names: entries(maxEntries / 2 + 1, null) } },
    ],
  ])('%s are too many', (_title, kind, object) =>
    expect(found(kind, object).join()).toMatch(/^too-many-images spec\./),
  );
  test('64 images under many keys pass', () =>
    expect(
      found(roles, { spec: { roles: { ...entries(900, {}), ...entries(64, role('x')) } } }),
    ).toHaveLength(maxImages));

  test('R24: no path is written of entries that lead to no image', () => {
    const odd = (at: number): string => `ключ "${at}"`;
    const empty = { template: { spec: { containers: [], volumes: [{ name: 'v' }] } } };
    const many = Array.from({ length: 9_000 }, (_, at) => [odd(at), at % 2 === 0 ? {} : empty] as const);
    const object = { spec: { roles: { ...Object.fromEntries(many), [odd(-1)]: role('x') } } };
    const written = vi.spyOn(JSON, 'stringify');
    try {
      expect(found(roles, object)).toEqual([
        String.raw`spec.roles["\u043a\u043b\u044e\u0447 \"-1\""].template.spec.containers[0].image=x`,
      ]);
      expect(written.mock.calls.length).toBeLessThan(8);
    } finally {
      written.mockRestore();
    }
  });
});

describe('a placeholder of a row', () => {
  const workflow = rowOf({ images: ['spec.image'], placeholder: '{{…}}' });
  test.each([
    ['{{inputs.parameters.image}}', true],
    ['registry.example.com/ci/tool:{{workflow.parameters.tag}}', true],
    ['evil.example.net/x', false],
    ['evil.example.net/x:{{', false],
    ['evil.example.net/x:}}{{', false],
    ['evil.example.net/x:{a}', false],
    ['$(params.image)', false],
  ])('%s waits for its Pod: %j', (image, waits) => {
    const result = extractImages(workflow, { spec: { image } });
    expect(result.ok && result.value.images.map(({ given }) => given)).toEqual(waits ? [] : [image]);
    expect(result.ok && result.value.warnings).toHaveLength(waits ? 1 : 0);
  });
  test('Tekton: a variable that is never closed is judged', () =>
    expect(found(task, { spec: { steps: [{ image: 'evil.io/x:$(' }] } })).toEqual([
      'spec.steps[0].image=evil.io/x:$(',
    ]));
});

describe('images that are named by URL', () => {
  const machine = createWorkloadTable([]).byKind('kubevirt.io', 'VirtualMachine')!;
  const withUrl = (url: JsonValue): JsonObject => ({
    spec: { dataVolumeTemplates: [{ spec: { source: { registry: { url } } } }] },
  });
  const path = 'spec.dataVolumeTemplates[0].spec.source.registry.url';
  test.each<[string, JsonValue, string[]]>([
    ['docker://', 'docker://registry.example.com/disk:1', [`${path}=registry.example.com/disk:1`]],
    ['a short name', 'docker://fedora', [`${path}=fedora`]],
    ['an archive, which nobody can look at', 'oci-archive://disk.tar', [`${path}=oci-archive://disk.tar`]],
    ['another scheme', 'https://evil.example/disk', [`${path}=https://evil.example/disk`]],
    ['upper case, which is another scheme', 'DOCKER://evil.example/x', [`${path}=DOCKER://evil.example/x`]],
    ['no scheme', 'evil.example/x', [`${path}=evil.example/x`]],
    ['nothing', null, []],
    ['a number', 5, [`malformed-request ${path}`]],
  ])('%s', (_title, url, want) => expect(found(machine, withUrl(url))).toEqual(want));
  test('a disk from elsewhere names none', () =>
    expect(
      found(machine, {
        spec: { dataVolumeTemplates: [{ spec: { source: { http: { url: 'https://x' } } } }] },
      }),
    ).toEqual([]));
});

describe('lists in lists', () => {
  const workflow = createWorkloadTable([]).byKind('argoproj.io', 'Workflow')!;
  const steps = (...groups: JsonValue[]): JsonObject => ({ spec: { templates: [{ steps: groups }] } });
  const inline = (image: string): JsonObject => ({ inline: { container: { image } } });
  test.each<[string, JsonObject, string[]]>([
    [
      'every item of every list',
      steps([inline('a'), { template: 'x' }], null, [inline('b')]),
      [
        'spec.templates[0].steps[0][0].inline.container.image=a',
        'spec.templates[0].steps[2][0].inline.container.image=b',
      ],
    ],
    [
      'an object instead of the inner list',
      steps(inline('a')),
      ['malformed-request spec.templates[0].steps[0]'],
    ],
  ])('%s', (_title, object, want) => expect(found(workflow, object)).toEqual(want));
});

describe('pod specs that are laid over the operator’s own', () => {
  const elastic = createWorkloadTable([]).byKind('elasticsearch.k8s.elastic.co', 'Elasticsearch')!;
  const pools = createWorkloadTable([]).byKind('kafka.strimzi.io', 'KafkaNodePool')!;
  test.each<[string, WorkloadKind, JsonObject]>([
    [
      'a container without image',
      elastic,
      { spec: { nodeSets: [{ podTemplate: { spec: { containers: [{ name: 'elasticsearch' }] } } }] } },
    ],
    ['no template', pools, { spec: { replicas: 3 } }],
  ])('%s is usual: no image and no warning', (_title, kind, object) =>
    expect(extractImages(kind, object)).toMatchObject({ ok: true, value: { images: [], warnings: [] } }),
  );
});
