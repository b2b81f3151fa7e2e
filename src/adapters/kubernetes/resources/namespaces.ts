import { isJsonObject, type JsonObject } from '../../../core/text/json/json.ts';
import type { Labels } from '../../../core/policy/match/label-selector.ts';
import { metadataOf } from '../../../core/workload/object-metadata.ts';
import type { NamespaceReader } from '../../../gate/ports.ts';
import { createNamespaceWatch, type NamespaceWatch, type NamespaceWatchOptions } from './namespace-watch.ts';

/** The labels of namespaces, and nothing else of them. */
export interface WatchedNamespaces extends NamespaceReader, Omit<NamespaceWatch<Labels>, 'get'> {}

export const createWatchedNamespaces = (options: NamespaceWatchOptions): WatchedNamespaces => {
  const { get, ...watch } = createNamespaceWatch<Labels>(options, {
    what: 'labels of namespace',
    read: textLabels,
    sizeOf: (all, name) =>
      name.length + Object.entries(all).reduce((sum, [k, v]) => sum + k.length + v.length, 0),
    metadataOnly: true,
  });
  return { ...watch, labels: get };
};

/** The labels of a Namespace object; anything that is no text is left out. */
const textLabels = (object: JsonObject): Labels => {
  const { labels } = metadataOf(object);
  if (!isJsonObject(labels)) return noLabels;
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
};
const noLabels: Labels = Object.freeze({});
