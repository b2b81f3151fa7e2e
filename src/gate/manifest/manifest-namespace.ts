import { textOf, type JsonObject } from '../../core/text/json/json.ts';
import type { WorkloadKind } from '../../core/workload/kinds/workload-kind.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';

export const manifestName = (object: JsonObject): string => textOf(metadataOf(object)['name']);

/**
 * The namespace that the API server would send with the object of a manifest: none for a cluster-scoped object,
 * whatever its manifest says.
 */
export const manifestNamespace = (
  row: WorkloadKind | undefined,
  object: JsonObject,
  otherwise: string,
): string => (row?.scope === 'Cluster' ? '' : textOf(metadataOf(object)['namespace']) || otherwise);
