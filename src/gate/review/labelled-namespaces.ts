import { andThen } from '../../concurrency/awaitable.ts';
import { known, type Fact } from '../../core/facts/fact.ts';
import { namespaceNameLabel, type Labels } from '../../core/policy/match/label-selector.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';
import type { NamespaceObjects } from '../constraints.ts';
import type { NamespaceReader } from '../ports.ts';

/** A Namespace with what the API server adds to each. */
const namespaceObject = (name: string, object: JsonObject, labels: Labels): JsonObject => ({
  ...object,
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { ...metadataOf(object), name, labels: { ...labels, [namespaceNameLabel]: name } },
});

/**
 * Namespaces for constraints where only labels are read. What else a Namespace says is known of those that were given.
 * @param given - by name
 */
export const labelledNamespaces = (
  reader: NamespaceReader,
  given: ReadonlyMap<unknown, JsonObject> = new Map(),
): NamespaceObjects => {
  const complete = (name: string, labels: Fact<Labels>): Fact<JsonObject> =>
    labels.state === 'known' ? known(namespaceObject(name, given.get(name) ?? {}, labels.value)) : labels;
  return {
    object: (name, signal) => andThen(reader.labels(name, signal), (labels) => complete(name, labels)),
  };
};
