import { objectOf, textOf, type JsonObject } from '../text/json/json.ts';

/** The metadata of a Kubernetes object; empty when it has none that is an object. */
export const metadataOf = (object: JsonObject): JsonObject => objectOf(object['metadata']);

/** The name of a Kubernetes object; empty when it has none that is a text. */
export const objectName = (object: JsonObject): string => textOf(metadataOf(object)['name']);
