import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { absent, known, unavailable } from '../core/facts/fact.ts';
import type { Fact } from '../core/facts/fact.ts';
import { isJsonObject } from '../core/json.ts';
import type { Labels } from '../core/policy/label-selector.ts';
import { readManifest } from '../core/workload/manifest.ts';
import type { ManifestDocument } from '../core/workload/manifest.ts';
import { labelsOf } from '../gate/review.ts';
import type { NamespaceReader } from '../gate/ports.ts';
import { UsageError } from './terminal.ts';

type Namespaces = ReadonlyMap<string, Labels>;

const isLabels = (value: unknown): value is Labels =>
  isJsonObject(value) && Object.values(value).every((label) => typeof label === 'string');

/** Labels of the Namespace objects among the objects. */
export const namespacesIn = (objects: readonly ManifestDocument[]): Namespaces => {
  const found = new Map<string, Labels>();
  for (const { apiVersion, kind, object } of objects) {
    if (apiVersion !== 'v1' || kind !== 'Namespace') continue;
    const metadata = object['metadata'];
    const name = isJsonObject(metadata) ? metadata['name'] : undefined;
    const labels = labelsOf(object);
    if (typeof name === 'string' && labels !== undefined) found.set(name, labels);
  }
  return found;
};

/** `--namespace-labels F`: Namespace objects (kubectl get namespaces -o yaml), or `shop: { env: prod }`. */
export const readNamespaceLabels = async (file: string): Promise<Namespaces> => {
  const refuse = (why: string): never => {
    throw new UsageError([`--namespace-labels ${file}: ${why}`]);
  };
  const text = await readFile(file, 'utf8').catch((error: Error) => refuse(error.message));
  const manifest = readManifest(text, file);
  if (manifest.ok && manifest.value.objects.length > 0) return namespacesIn(manifest.value.objects);
  let map: unknown;
  try {
    map = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
  }
  if (!isJsonObject(map)) return refuse('write Namespace objects, or a map from namespace to labels');
  const wrong = Object.entries(map).find(([, labels]) => !isLabels(labels));
  if (wrong !== undefined) return refuse(`the labels of ${wrong[0]} are not a map of text`);
  return new Map(Object.entries(map) as [string, Labels][]);
};

export interface KnownNamespaces extends NamespaceReader {
  /** Namespaces whose labels a policy asked for and nobody knew: the result is incomplete (R20). */
  readonly unresolved: ReadonlySet<string>;
}

/** Namespace labels of a `check`: from the input, then from the cluster if one is at hand (R3). */
export const knownNamespaces = (
  sources: readonly Namespaces[],
  cluster?: NamespaceReader,
): KnownNamespaces => {
  const unresolved = new Set<string>();
  const told = (name: string, fact: Fact<Labels>): Fact<Labels> => {
    if (fact.state !== 'known') unresolved.add(name);
    return fact;
  };
  return {
    unresolved,
    labels: (name, signal) => {
      const found = sources.map((source) => source.get(name)).find((labels) => labels !== undefined);
      if (found !== undefined) return known(found);
      if (cluster === undefined) {
        const remedy = 'the input holds no such Namespace; give --namespace-labels or --kubeconfig';
        return told(name, unavailable(`labels of namespace ${name}`, remedy));
      }
      const looked = cluster.labels(name, signal);
      return looked instanceof Promise
        ? looked.then((fact) => told(name, fact))
        : told(name, looked ?? absent);
    },
  };
};
