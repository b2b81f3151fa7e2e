import { andThen } from '../../concurrency/awaitable.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { Fact } from '../../core/facts/fact.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import type { ManifestObject } from '../../core/workload/manifest.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';
import type { ConstraintSet } from '../../gate/constraints.ts';
import type { NamespaceReader } from '../../gate/ports.ts';
import { createJudgeConstraints, type JudgeConstraints } from '../../gate/review/judge-constraints.ts';
import { labelledNamespaces } from '../../gate/review/labelled-namespaces.ts';
import { createSlices } from '../../gate/review/slices.ts';

/** Of constraints that could not be asked for want of the namespace. */
const askedInVain: ReadonlySet<string> = new Set(['namespace-unavailable', 'constraint-error']);

/**
 * Asks the constraints of files about the objects of an input, which may hold their Namespaces. `onUnresolved` is called with
 * a namespace that a constraint looked at and that nobody knows (R3).
 */
export const judgeByConstraints = (
  set: ConstraintSet,
  objects: readonly ManifestObject[],
  reader: NamespaceReader,
  onUnresolved: (namespace: string) => void,
): JudgeConstraints => {
  const given = objects
    .filter(({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'Namespace')
    .map(({ object }) => [metadataOf(object)['name'], object] as const);
  const namespaces = labelledNamespaces(reader, new Map(given));
  const unknown = new Set<string>();
  const noted = (name: string, found: Fact<JsonObject>): Fact<JsonObject> => {
    if (found.state !== 'known') unknown.add(name);
    return found;
  };
  const judge = createJudgeConstraints({
    source: { current: () => ({ state: 'loaded', set }) },
    namespaces: {
      object: (name, signal) => andThen(namespaces.object(name, signal), (found) => noted(name, found)),
    },
    isShadow: false,
    clock: systemClock,
    slices: createSlices(systemClock),
    // Outside of the shadow a defect is thrown, and ends the command.
    onBug: () => undefined,
  });
  return async (request, deadline) => {
    const judged = await judge(request, deadline);
    const findings = judged === undefined || judged === 'late' ? [] : judged.findings;
    if (unknown.has(request.namespace) && findings.some(({ code }) => askedInVain.has(code)))
      onUnresolved(request.namespace);
    return judged;
  };
};
