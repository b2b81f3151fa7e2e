import fc from 'fast-check';
import { expect, test } from 'vitest';
import { objectAt } from '../../../test/fakes/workload-object.ts';
import { isJsonObject, type JsonObject } from '../text/json/json.ts';
import { extractImages } from './extract.ts';
import { createWorkloadTable } from './kinds/kinds.ts';
import type { WorkloadKind } from './kinds/workload-kind.ts';
import { atOnce } from '../steps.ts';
import { comparingPodSpecs, imagesBefore, unchangedPlaces } from './unchanged.ts';

/** Without a pause. */
const podSpecChanged = (...of: Parameters<typeof comparingPodSpecs>): boolean =>
  atOnce(comparingPodSpecs(...of));

const kinds = fc.constantFrom(...createWorkloadTable([]).all);
const fields = fc.constantFrom(
  'spec',
  'template',
  'jobTemplate',
  'containers',
  'initContainers',
  'ephemeralContainers',
  'volumes',
  'steps',
  'image',
  'reference',
  'name',
  'tasks',
  'taskSpec',
  'containerDisk',
  'images',
  '__proto__',
  'constructor',
  'length',
);
/** JSON whose keys are mostly the ones that the extractor looks for, so that it gets deep into the wrong shapes. */
const hostileJson = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, 0, -1.5, '', ' ', 'nginx', 'app'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fields, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;
const hostileObject = hostileJson.map((value) =>
  // Through text, as objects arrive: `__proto__` becomes a field of its own.
  isJsonObject(value) ? (JSON.parse(JSON.stringify(value)) as JsonObject) : { spec: value as never },
);

test('R19: extraction and comparison never throw, whatever the object', () => {
  fc.assert(
    fc.property(kinds, hostileObject, hostileObject, (kind, object, other) => {
      const result = extractImages(kind, object);
      const images = result.ok ? result.value.images : [];
      expect(images.length).toBeLessThanOrEqual(64);
      expect(images.every(({ given, place }) => typeof given === 'string' && place !== '')).toBe(true);
      unchangedPlaces(images, imagesBefore(kind, other));
      podSpecChanged(kind, object, other);
      expect(podSpecChanged(kind, object, structuredClone(object))).toBe(false);
    }),
    { numRuns: 3000 },
  );
});

const image = fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8}){0,2}(:[a-z0-9]{1,5})?$/);
const list = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]([-a-z0-9]{0,6}[a-z0-9])?$/), image), {
  selector: ([name]) => name,
  maxLength: 8,
});
const containers = (items: readonly (readonly [string, string])[]) =>
  items.map(([name, given]) => ({ name, image: given }));
const wrap = ({ podSpec }: WorkloadKind, spec: JsonObject): JsonObject =>
  objectAt([podSpec ?? []].flat()[0]!, spec);

const planted = fc.record({ main: list, init: list, ephemeral: list, volumes: list, decoys: list });

test('B17, B18: every planted image is found once, and nothing else', () => {
  const embedding = kinds.filter(({ podSpec }) => podSpec !== undefined);
  fc.assert(
    fc.property(embedding, planted, (kind, { main, init, ephemeral, volumes, decoys }) => {
      const object = wrap(kind, {
        containers: containers(main),
        initContainers: containers(init),
        ephemeralContainers: containers(ephemeral),
        volumes: [
          ...decoys.map(([name, given]) => ({ name, rbd: { image: given } })),
          ...volumes.map(([name, reference]) => ({ name, image: { reference } })),
        ],
      });
      const result = extractImages(kind, object);
      const given = result.ok ? result.value.images.map((use) => use.given) : [];
      expect(given).toEqual([...main, ...init, ...ephemeral, ...volumes].map(([, text]) => text));
      const images = result.ok ? result.value.images : [];
      expect(
        unchangedPlaces(images, imagesBefore(kind, object)).size,
        'R2: against itself nothing is new',
      ).toBe(images.length);
      expect(
        unchangedPlaces(images, imagesBefore(kind, null)).size,
        'R2: without an old object everything is',
      ).toBe(0);
    }),
  );
});
