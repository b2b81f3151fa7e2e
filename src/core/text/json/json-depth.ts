import { maxYamlDepth } from '../yaml/limits.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';

type Container = JsonObject | readonly JsonValue[];

const containersIn = (values: readonly unknown[]): readonly Container[] =>
  values.filter((value): value is Container => typeof value === 'object' && value !== null);

/** Whether more lists and objects than `most` stand in each other. Level by level: recursion would end with the stack. */
export const nestsDeeperThan = (value: unknown, most: number): boolean => {
  let level = containersIn([value]);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= most) return true;
    level = level.flatMap((one) => containersIn(isJsonObject(one) ? Object.values(one) : one));
  }
  return false;
};

/**
 * Whether an object of a cluster nests more deeply than one of a request or of a file may (R19). The API server stores 10,000
 * levels. What goes through them by recursion ends with the stack of the engine, sooner in one replica than in another one.
 */
export const isTooDeep = (object: unknown): boolean => nestsDeeperThan(object, maxYamlDepth);

/**
 * A text that differs where what was written differs. What nests too deeply has no text; the API server counts its revisions.
 */
export const revisionText = (written: JsonValue, generation: unknown): string =>
  isTooDeep(written) ? `nests too deeply, generation ${String(generation)}` : JSON.stringify(written);
