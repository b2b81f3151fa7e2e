import { systemClock } from '../../concurrency/clock.ts';
import { known, type Fact } from '../../core/facts/fact.ts';
import { namespaceNameLabel, type Labels } from '../../core/policy/match/label-selector.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import type { ManifestObject } from '../../core/workload/manifest.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';
import type { ConstraintSet, NamespaceObjects } from '../../gate/constraints.ts';
import type { NamespaceReader } from '../../gate/ports.ts';
import { createJudgeConstraints, type JudgeConstraints } from '../../gate/review/judge-constraints.ts';
import { createSlices } from '../../gate/review/slices.ts';

/** A Namespace with what the API server adds to each. */
const namespaceObject = (name: string, object: JsonObject, labels: Labels): JsonObject => ({
  ...object,
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { ...metadataOf(object), name, labels: { ...labels, [namespaceNameLabel]: name } },
});

const withLabels = (name: string, labels: Fact<Labels>): Fact<JsonObject> =>
  labels.state === 'known' ? known(namespaceObject(name, {}, labels.value)) : labels;

/** Namespaces of the input with all of their fields; of the others the labels, as far as these are known. */
const namespaceObjects = (objects: readonly ManifestObject[], reader: NamespaceReader): NamespaceObjects => {
  const given = new Map(
    objects
      .filter(({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'Namespace')
      .map(({ object }) => [metadataOf(object)['name'], object] as const),
  );
  const complete = (name: string, labels: Fact<Labels>): Fact<JsonObject> => {
    const object = given.get(name);
    return object !== undefined && labels.state === 'known'
      ? known(namespaceObject(name, object, labels.value))
      : withLabels(name, labels);
  };
  return {
    object: (name, signal) => {
      const labels = reader.labels(name, signal);
      return labels instanceof Promise
        ? labels.then((looked) => complete(name, looked))
        : complete(name, labels);
    },
  };
};

/** Asks the constraints of files about the objects of an input. */
export const judgeByConstraints = (
  set: ConstraintSet,
  objects: readonly ManifestObject[],
  reader: NamespaceReader,
): JudgeConstraints =>
  createJudgeConstraints({
    source: { current: () => ({ state: 'loaded', set }) },
    namespaces: namespaceObjects(objects, reader),
    isShadow: false,
    clock: systemClock,
    slices: createSlices(systemClock),
  });
