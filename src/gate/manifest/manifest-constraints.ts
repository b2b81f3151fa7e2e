import { shown } from '../../core/text/shown-text.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import type { ManifestObject } from '../../core/workload/manifest.ts';
import { groupOf, versionIn } from '../../core/workload/kinds/kinds.ts';
import { objectName } from '../../core/workload/object-metadata.ts';
import type { AdmissionRequest } from '../admission-request.ts';

/**
 * The request with which the API server would ask about an object of a manifest. Nobody sends it, so it has no user and no
 * uid; the name of the resource is known to a server alone.
 */
export const creationOf = (
  { apiVersion, kind, object }: Pick<ManifestObject, 'apiVersion' | 'kind' | 'object'>,
  namespace: string,
): AdmissionRequest => {
  const group = groupOf(apiVersion);
  const version = versionIn(apiVersion);
  const named = { group, version, kind };
  const name = objectName(object);
  const resource = { group, version, resource: '' };
  const sent: JsonObject = {
    uid: '',
    kind: named,
    resource,
    requestKind: named,
    requestResource: resource,
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    operation: 'CREATE',
    userInfo: {},
    object,
    oldObject: null,
    dryRun: false,
    options: null,
  };
  return {
    uid: '',
    kind: named,
    resource,
    subResource: '',
    name: shown(name),
    namespace,
    operation: 'CREATE',
    user: '',
    groups: [],
    dryRun: false,
    object,
    oldObject: null,
    sent,
    caller: 'unverified',
  };
};
