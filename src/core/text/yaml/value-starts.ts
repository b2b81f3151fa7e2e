import type { JsonValue } from '../json/json.ts';
import type { SourceSteps } from '../source-node.ts';

/** Where a map or a list begins, and each value in it. */
interface CollectionStart {
  readonly start: number;
  /** Of a map, the keys that `starts` are of. One that a merge brought stands before the one that takes its place. */
  readonly keys?: readonly string[];
  readonly starts: readonly number[];
}

/**
 * The places of the values in all maps and lists of a document. The reader keeps them, because a second reading of YAML
 * costs as much as the first, and a folder may have findings in every object. A value that an alias brings begins at its
 * anchor.
 */
export type ValueStarts = Map<JsonValue, CollectionStart>;

const indexOf = ({ keys }: CollectionStart, step: string | number): number =>
  keys === undefined ? Number(step) : keys.lastIndexOf(String(step));

const valueAt = (value: JsonValue, step: string | number): JsonValue | undefined =>
  (value as Readonly<Record<string, JsonValue>>)[step];

/** The place to which the steps lead, or the last existing value on the way: a missing field belongs there. */
export const startAt = (starts: ValueStarts, root: JsonValue, steps: SourceSteps): number | undefined => {
  let value: JsonValue | undefined = root;
  let start = starts.get(root)?.start;
  for (const step of steps) {
    const collection: CollectionStart | undefined = value === undefined ? undefined : starts.get(value);
    const next = collection?.starts[indexOf(collection, step)];
    if (value === undefined || next === undefined) break;
    start = next;
    value = valueAt(value, step);
  }
  return start;
};
