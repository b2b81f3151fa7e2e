import { shown } from '../../core/text/shown-text.ts';
import { parse } from 'yaml';
import { readTextFile } from '../../files/text-file.ts';
import { known, outage, type Fact } from '../../core/facts/fact.ts';
import { messageOf } from '../../core/result.ts';
import { isJsonObject } from '../../core/text/json/json.ts';
import type { Labels } from '../../core/policy/match/label-selector.ts';
import { readManifestObjects, type ManifestObject } from '../../core/workload/manifest.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';
import { wellFormedLabels } from '../../gate/review/subject.ts';
import type { NamespaceReader } from '../../gate/ports.ts';
import { UsageError } from '../terminal/terminal.ts';

/** 10,000 Namespace objects with all their labels and annotations are about 20 MiB. */
const maxNamespaceFileBytes = 64 * 1024 * 1024;

/** Labels by namespace. */
export type LabelsByNamespace = ReadonlyMap<string, Labels>;

const isLabels = (value: unknown): value is Labels =>
  isJsonObject(value) && Object.values(value).every((label) => typeof label === 'string');

/** Labels of the Namespace objects among the objects. */
export const namespacesIn = (objects: readonly ManifestObject[]): LabelsByNamespace => {
  const found = new Map<string, Labels>();
  for (const { apiVersion, kind, object } of objects) {
    if (apiVersion !== 'v1' || kind !== 'Namespace') continue;
    const { name } = metadataOf(object);
    const labels = wellFormedLabels(object);
    if (typeof name === 'string' && labels !== undefined) found.set(name, labels);
  }
  return found;
};

const forms = 'write Namespace objects (kubectl get namespaces -o yaml), or a map from namespace to labels';

/** `--namespace-labels F`: Namespace objects (kubectl get namespaces -o yaml), or `shop: { env: prod }`. */
export const readNamespaceLabels = (file: string): LabelsByNamespace => {
  const refuse = (why: string): never => {
    throw new UsageError([`--namespace-labels ${file}: ${shown(why)}`]);
  };
  const read = readTextFile(file, { bytes: maxNamespaceFileBytes });
  const text = read.ok ? read.value : refuse(read.error);
  const manifest = readManifestObjects(text, file);
  if (manifest.ok && manifest.value.objects.length > 0) {
    const found = namespacesIn(manifest.value.objects);
    return found.size > 0 ? found : refuse(`holds no Namespace object; ${forms}`);
  }
  let map: unknown;
  try {
    map = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    refuse(messageOf(error));
  }
  if (!isJsonObject(map)) return refuse(forms);
  const wrong = Object.entries(map).find(([, labels]) => !isLabels(labels));
  if (wrong !== undefined) return refuse(`the labels of ${wrong[0]} are not a map of text`);
  return new Map(Object.entries(map) as [string, Labels][]);
};

export interface KnownNamespaces extends NamespaceReader {
  /** Why the labels of a namespace are not known, after they were looked up. */
  readonly whyUnknown: (name: string) => Promise<string>;
}

/**
 * Namespace labels of a `check`: from the input, then from the cluster if there is one (R3). Each namespace is looked
 * up once, so a cluster that does not answer costs one deadline and not one for each object.
 */
export const knownNamespaces = (
  sources: readonly LabelsByNamespace[],
  cluster?: NamespaceReader,
): KnownNamespaces => {
  const asked = new Map<string, Fact<Labels> | Promise<Fact<Labels>>>();
  const look: NamespaceReader['labels'] = (name, signal) => {
    const found = sources.map((source) => source.get(name)).find((labels) => labels !== undefined);
    if (found !== undefined) return known(found);
    const remedy = 'the input holds no such Namespace; give --namespace-labels or --kubeconfig';
    return cluster?.labels(name, signal) ?? outage(`labels of namespace ${name}`, remedy);
  };
  return {
    labels: (name, signal) => {
      const fact = asked.get(name) ?? look(name, signal);
      asked.set(name, fact);
      return fact;
    },
    whyUnknown: async (name) => {
      const fact = await asked.get(name);
      return fact?.state === 'unavailable' ? fact.why.why : 'the cluster knows no such namespace';
    },
  };
};
