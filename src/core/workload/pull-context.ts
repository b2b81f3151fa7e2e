import type { JsonObject, JsonValue } from '../json.ts';
import { isJsonObject } from '../json.ts';
import { compileKind } from './compiled-kind.ts';
import type { WorkloadKind } from './workload-kind.ts';

/** With which secrets the kubelet will pull the images of a workload. Names as written: nothing has checked them. */
export interface NamedPullSecrets {
  /** `spec.imagePullSecrets[].name` */
  readonly pullSecrets: readonly string[];
  /** Absent: not written, hence `default`. */
  readonly serviceAccount?: string;
}

/** Secrets of one workload that are looked at; each costs a read at the API server. */
export const maxPullSecrets = 16;
/** No name in Kubernetes is longer. */
const longestName = 253;

const nameOf = (value: JsonValue | undefined): readonly string[] =>
  typeof value === 'string' && value !== '' && value.length <= longestName ? [value] : [];

const podSpecOf = (kind: WorkloadKind, object: JsonObject): JsonObject => {
  let found: JsonValue | undefined = object;
  for (const key of compileKind(kind).podSpec?.segments ?? []) {
    found = isJsonObject(found) ? found[key] : undefined;
  }
  return isJsonObject(found) && found !== object ? found : {};
};

/**
 * The pull secrets and the service account that a workload names, whatever its kind; ephemeral containers use those of
 * their Pod. What has the wrong shape is left out: it can only take credentials away, and the API server refuses it.
 * `serviceAccount` is the former name of `serviceAccountName` and counts when that is empty, as in the API server.
 */
export const pullSecretsOf = (kind: WorkloadKind, object: JsonObject): NamedPullSecrets => {
  const { imagePullSecrets, serviceAccountName, serviceAccount } = podSpecOf(kind, object);
  const listed: readonly JsonValue[] = Array.isArray(imagePullSecrets) ? imagePullSecrets : [];
  const names = listed
    .slice(0, maxPullSecrets)
    .flatMap((item) => (isJsonObject(item) ? nameOf(item['name']) : []));
  const [account] = [...nameOf(serviceAccountName), ...nameOf(serviceAccount)];
  return {
    pullSecrets: [...new Set(names)],
    ...(account === undefined ? {} : { serviceAccount: account }),
  };
};
