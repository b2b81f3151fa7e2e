import { objectOf, type JsonObject } from '../text/json/json.ts';

/** The metadata of a Kubernetes object; empty when it has none that is an object. */
export const metadataOf = (object: JsonObject): JsonObject => objectOf(object['metadata']);
