import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../text/json/json.ts';
import { extractImages } from './extract.ts';
import { createWorkloadTable } from './kinds/kinds.ts';
import type { WorkloadKind } from './kinds/workload-kind.ts';
import { atOnce } from '../steps.ts';
import { comparingPodSpecs, imagesBefore, unchangedPlaces } from './unchanged.ts';

/** Without a pause. */
const podSpecChanged = (...of: Parameters<typeof comparingPodSpecs>): boolean =>
  atOnce(comparingPodSpecs(...of));

const table = createWorkloadTable([]);
const pod = table.byKind('', 'Pod')!;
const deployment = table.byKind('apps', 'Deployment')!;
const task = table.byKind('tekton.dev', 'Task')!;

const newImages = (
  kind: WorkloadKind,
  object: JsonObject,
  oldObject: JsonObject | null,
): readonly string[] => {
  const result = extractImages(kind, object);
  if (!result.ok) throw new Error(result.error.why);
  const unchanged = unchangedPlaces(result.value.images, imagesBefore(kind, oldObject));
  return result.value.images.filter(({ place }) => !unchanged.has(place)).map(({ path }) => path);
};
const spec = (fields: Record<string, JsonValue>): JsonObject => ({ spec: { containers: [], ...fields } });
const c = (name: string, image: string) => ({ name, image });
const volume = (name: string, reference: string) => ({ name, image: { reference } });

describe('R2: byte-identical text at the same place is unchanged', () => {
  const old = spec({
    containers: [c('app', 'a:1'), c('side', 'b:1')],
    initContainers: [c('setup', 'c:1')],
    ephemeralContainers: [c('debug', 'd:1')],
    volumes: [volume('model', 'm:1'), { name: 'tmp', emptyDir: {} }],
  });
  const oldSpec = old['spec'] as JsonObject;
  const change = (fields: Record<string, JsonValue>): JsonObject => ({ spec: { ...oldSpec, ...fields } });

  test.each<[string, JsonObject]>([
    ['the same object', old],
    ['labels and finalizers', { ...old, metadata: { labels: { a: 'b' }, finalizers: [] } }],
    ['B14: a terminating object', { ...old, metadata: { deletionTimestamp: '2020-01-01T00:00:00Z' } }],
    ['containers in another order', change({ containers: [c('side', 'b:1'), c('app', 'a:1')] })],
    ['a container gone', change({ containers: [c('side', 'b:1')] })],
    [
      'another field of a container',
      change({ containers: [{ ...c('app', 'a:1'), env: [] }, c('side', 'b:1')] }),
    ],
    [
      'volumes in another order',
      change({ volumes: [{ name: 'tmp', emptyDir: {} }, volume('model', 'm:1')] }),
    ],
  ])('%s: nothing is new', (_title, object) => expect(newImages(pod, object, old)).toEqual([]));

  test.each<[string, JsonObject, string[]]>([
    [
      'another tag',
      change({ containers: [c('app', 'a:2'), c('side', 'b:1')] }),
      ['spec.containers[0].image'],
    ],
    [
      'the same image spelt anew',
      change({ containers: [c('app', 'docker.io/library/a:1')] }),
      ['spec.containers[0].image'],
    ],
    ['white space added', change({ containers: [c('app', 'a:1 ')] }), ['spec.containers[0].image']],
    [
      'two containers that swap images',
      change({ containers: [c('app', 'b:1'), c('side', 'a:1')] }),
      ['spec.containers[0].image', 'spec.containers[1].image'],
    ],
    [
      '`set image app=<image of side>`',
      change({ containers: [c('app', 'b:1'), c('side', 'b:1')] }),
      ['spec.containers[0].image'],
    ],
    [
      'a container moved to initContainers',
      change({ containers: [c('side', 'b:1')], initContainers: [c('setup', 'c:1'), c('app', 'a:1')] }),
      ['spec.initContainers[1].image'],
    ],
    [
      'an init container moved to containers',
      change({ containers: [c('setup', 'c:1')], initContainers: [] }),
      ['spec.containers[0].image'],
    ],
    [
      'a container renamed',
      change({ containers: [c('app2', 'a:1'), c('side', 'b:1')] }),
      ['spec.containers[0].image'],
    ],
    [
      'B17: `kubectl debug --image=<same image>`',
      change({ ephemeralContainers: [c('debug', 'd:1'), c('debug-2', 'a:1')] }),
      ['spec.ephemeralContainers[1].image'],
    ],
    [
      'an ephemeral container named like a container',
      change({ ephemeralContainers: [c('app', 'a:1')] }),
      ['spec.ephemeralContainers[0].image'],
    ],
    [
      'B18: an image volume renamed',
      change({ volumes: [volume('model-2', 'm:1')] }),
      ['spec.volumes[0].image.reference'],
    ],
    [
      'a volume that becomes an image volume',
      change({ volumes: [volume('model', 'm:1'), volume('tmp', 'm:1')] }),
      ['spec.volumes[1].image.reference'],
    ],
    [
      'a volume named like a container',
      change({ volumes: [volume('app', 'a:1')] }),
      ['spec.volumes[0].image.reference'],
    ],
  ])('%s is new', (_title, object, want) => expect(newImages(pod, object, old)).toEqual(want));

  test.each<[string, JsonObject | null]>([
    ['no old object', null],
    ['an empty old object', {}],
    ['an old spec that is a list', { spec: [] }],
    ['an old container without name', spec({ containers: [c('app', 'a:1'), { image: 'b:1' }] })],
    ['an old object with a name twice', spec({ containers: [c('app', 'a:1'), c('app', 'a:1')] })],
    [
      'an old object with too many images',
      spec({ containers: Array.from({ length: 65 }, (_, i) => c(`c${i}`, 'a:1')) }),
    ],
  ])('with %s everything is new', (_title, oldObject) => {
    expect(newImages(pod, spec({ containers: [c('app', 'a:1')] }), oldObject)).toEqual([
      'spec.containers[0].image',
    ]);
  });
  test('an image that was removed before and comes back is new', () => {
    const without = spec({ containers: [c('side', 'b:1')] });
    expect(newImages(pod, spec({ containers: [c('side', 'b:1'), c('app', 'a:1')] }), without)).toEqual([
      'spec.containers[1].image',
    ]);
  });
  test('custom kinds: an index shift makes new what stands at another index', () => {
    const steps = (...images: string[]) => ({ spec: { steps: images.map((image) => ({ image })) } });
    expect(newImages(task, steps('x', 'a', 'b'), steps('a', 'b'))).toEqual([
      'spec.steps[0].image',
      'spec.steps[1].image',
      'spec.steps[2].image',
    ]);
    expect(newImages(task, steps('a', 'b', 'x'), steps('a', 'b'))).toEqual(['spec.steps[2].image']);
  });
});

describe('R2: pod checks judge whenever the pod spec changed', () => {
  const template = (podSpec: JsonValue, rest: Record<string, JsonValue> = {}): JsonObject => ({
    spec: { ...rest, template: { metadata: { labels: {} }, spec: podSpec } },
  });
  const base = { containers: [c('app', 'a:1')], hostNetwork: false };
  test.each<[string, JsonObject]>([
    ['the same', template(base)],
    ['keys in another order', template({ hostNetwork: false, containers: [c('app', 'a:1')] })],
    ['B19: a scaled Deployment', template(base, { replicas: 5 })],
    ['another status', { ...template(base), status: { replicas: 1 } }],
  ])('%s is unchanged', (_title, object) =>
    expect(podSpecChanged(deployment, object, template(base))).toBe(false),
  );
  test.each<[string, JsonObject, JsonObject | null]>([
    ['no old object', template(base), null],
    ['a flag', template({ ...base, hostNetwork: true }), template(base)],
    ['a field more', template({ ...base, hostPID: true }), template(base)],
    ['a field less', template({ containers: base.containers }), template(base)],
    ['a field that is null instead of absent', template({ ...base, x: null }), template(base)],
    [
      'containers in another order',
      template({ containers: [c('a', '1'), c('b', '2')] }),
      template({ containers: [c('b', '2'), c('a', '1')] }),
    ],
    ['an object instead of a list', template({ containers: {} }), template({ containers: [] })],
    ['a number instead of text', template({ x: 1 }), template({ x: '1' })],
    ['B25: a spec where there was none', template(base), {}],
  ])('%s is changed', (_title, object, oldObject) =>
    expect(podSpecChanged(deployment, object, oldObject)).toBe(true),
  );
  test('a __proto__ field counts like any other', () => {
    const withProto = JSON.parse('{"spec":{"__proto__":{"a":1}}}') as JsonObject;
    const withOther = JSON.parse('{"spec":{"__proto__":{"a":2}}}') as JsonObject;
    expect(podSpecChanged(pod, withProto, structuredClone(withProto))).toBe(false);
    expect(podSpecChanged(pod, withProto, withOther)).toBe(true);
    expect(podSpecChanged(pod, { spec: { x: {} } }, withProto)).toBe(true);
  });
  test('what is too deep or too large to compare counts as changed', () => {
    const nest = (levels: number): JsonObject =>
      JSON.parse(`{"spec":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}}`) as JsonObject;
    const wide = (count: number): JsonObject => ({
      spec: { items: Array.from({ length: count }, () => ({})) },
    });
    expect(podSpecChanged(pod, nest(150), nest(150))).toBe(false);
    expect(podSpecChanged(pod, nest(5000), nest(5000))).toBe(true);
    expect(podSpecChanged(pod, wide(1000), wide(1000))).toBe(false);
    expect(podSpecChanged(pod, wide(600_000), wide(600_000))).toBe(true);
  });
  test('a custom kind is compared by the fields that its paths begin with', () => {
    expect(podSpecChanged(task, { spec: { a: 1 }, status: 1 }, { spec: { a: 1 }, status: 2 })).toBe(false);
    expect(podSpecChanged(task, { spec: { a: 1 } }, { spec: { a: 2 } })).toBe(true);
  });
});

test('R24: large objects are compared in steps of some thousand members', () => {
  const labels = (): JsonObject => Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`k${n}`, n]));
  const kinds: readonly (() => JsonValue)[] = [
    labels,
    () => Array.from({ length: 50_000 }, (_, n) => n),
    () => Array.from({ length: 25_000 }, (_, n) => ({ a: n })),
  ];
  for (const make of kinds) {
    const steps = comparingPodSpecs(pod, { spec: { odd: make() } }, { spec: { odd: make() } });
    let pauses = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) pauses += 1;
    expect(step.value).toBe(false);
    expect(pauses).toBeGreaterThanOrEqual(12);
  }
});
