import { systemClock } from '../../concurrency/clock.ts';
import type { ManifestObject } from '../../core/workload/manifest.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';
import type { ConstraintSet } from '../../gate/constraints.ts';
import type { NamespaceReader } from '../../gate/ports.ts';
import { createJudgeConstraints, type JudgeConstraints } from '../../gate/review/judge-constraints.ts';
import { labelledNamespaces } from '../../gate/review/labelled-namespaces.ts';
import { createSlices } from '../../gate/review/slices.ts';

/** Asks the constraints of files about the objects of an input, which may hold their Namespaces. */
export const judgeByConstraints = (
  set: ConstraintSet,
  objects: readonly ManifestObject[],
  reader: NamespaceReader,
): JudgeConstraints => {
  const given = objects
    .filter(({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'Namespace')
    .map(({ object }) => [metadataOf(object)['name'], object] as const);
  return createJudgeConstraints({
    source: { current: () => ({ state: 'loaded', set }) },
    namespaces: labelledNamespaces(reader, new Map(given)),
    isShadow: false,
    clock: systemClock,
    slices: createSlices(systemClock),
    // Outside of the shadow a defect is thrown, and ends the command.
    onBug: () => undefined,
  });
};
