import type { JsonObject, JsonValue } from '../../../src/core/text/json/json.ts';
import type { Mutation } from '../../../src/gate/mutation/mutation.ts';

/** What an object is after the API server has applied the patch. */
export const applied = (object: JsonObject, { patch }: Mutation): JsonObject => {
  const copy = structuredClone(object);
  for (const { path, value } of patch) {
    const steps = path.slice(1).split('/');
    const last = steps.pop() ?? '';
    let place = copy as Record<string, JsonValue>;
    for (const step of steps) place = place[step] as unknown as Record<string, JsonValue>;
    place[last] = value;
  }
  return copy;
};
