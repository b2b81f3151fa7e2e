import { textOf, type JsonObject } from '../../core/text/json/json.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';
import { valueOfJson } from '../rego/values/json-value.ts';
import { RegoObject, type RegoValue } from '../rego/values/value.ts';

const put = (root: RegoObject, [step = '', ...rest]: readonly string[], value: RegoValue): void => {
  if (rest.length === 0) {
    root.set(step, value);
    return;
  }
  const known = root.get(step);
  const next = known instanceof RegoObject ? known : new RegoObject();
  root.set(step, next);
  put(next, rest, value);
};

/** Objects of a cluster as `data.inventory` holds them: by namespace, version, kind and name. */
export const inventoryOf = (objects: readonly JsonObject[]): RegoObject => {
  const root = RegoObject.of(['cluster', 'namespace'].map((field) => [field, new RegoObject()]));
  for (const object of objects) {
    const { name, namespace } = metadataOf(object);
    const scope = textOf(namespace) === '' ? ['cluster'] : ['namespace', textOf(namespace)];
    const path = [...scope, textOf(object['apiVersion']), textOf(object['kind']), textOf(name)];
    put(root, path, valueOfJson(object, 'float64'));
  }
  return root;
};
