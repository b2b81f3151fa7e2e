import { isJsonObject, type JsonObject } from '../../src/core/text/json/json.ts';
import { createWorkloadTable, groupOf } from '../../src/core/workload/kinds/kinds.ts';

const table = createWorkloadTable([]);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The review that an API server would send when this object is created. */
export const createReviewOf = (object: JsonObject, uid: string, namespace = 'default'): object => {
  const apiVersion = text(object['apiVersion']);
  const name = text(object['kind']);
  const group = groupOf(apiVersion);
  const version = apiVersion.slice(group === '' ? 0 : group.length + 1);
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  const row = table.byKind(group, name);
  const resource = row?.resource ?? `${name.toLowerCase()}s`;
  const kind = { group, version, kind: name };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind,
      resource: { group, version, resource },
      name: text(metadata['name']),
      // The API server sends none for an object that lives in none.
      namespace: row?.scope === 'Cluster' ? '' : text(metadata['namespace']) || namespace,
      operation: 'CREATE',
      userInfo: { username: 'jane', groups: ['system:authenticated'] },
      object,
      oldObject: null,
      dryRun: false,
      options: { apiVersion: 'meta.k8s.io/v1', kind: 'CreateOptions' },
    },
  };
};
