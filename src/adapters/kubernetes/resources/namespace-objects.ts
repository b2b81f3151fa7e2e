import type { JsonObject } from '../../../core/text/json/json.ts';
import { metadataOf } from '../../../core/workload/object-metadata.ts';
import type { NamespaceObjects } from '../../../gate/constraints.ts';
import { createNamespaceWatch, type NamespaceWatch, type NamespaceWatchOptions } from './namespace-watch.ts';

interface WatchedNamespaceObjects
  extends NamespaceObjects, Pick<NamespaceWatch<JsonObject>, 'start' | 'close'> {}

/** As templates see it: without what the API server notes down about writers. */
const read = (object: JsonObject): JsonObject => {
  const { managedFields: _left, ...metadata } = metadataOf(object);
  return { apiVersion: 'v1', kind: 'Namespace', ...object, metadata };
};

/** Namespace objects with all of their fields, for constraints. */
export const createNamespaceObjects = (options: NamespaceWatchOptions): WatchedNamespaceObjects => {
  const { get, start, close } = createNamespaceWatch<JsonObject>(options, {
    what: 'namespace',
    read,
    sizeOf: (whole) => JSON.stringify(whole).length,
    metadataOnly: false,
  });
  return { object: get, start, close };
};
