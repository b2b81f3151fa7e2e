import { isJsonObject, type JsonObject, type JsonValue } from '../text/json/json.ts';
import { compileKind } from './kinds/compiled-kind.ts';
import { walkField, type FieldWalk } from './field-walk.ts';
import type { WorkloadKind } from './kinds/workload-kind.ts';

/** The secrets with which the kubelet will pull the images of a workload. Names as written, not checked. */
interface NamedPullSecrets {
  /** `spec.imagePullSecrets[].name` */
  readonly pullSecrets: readonly string[];
  /** Absent when not written, which means `default`. */
  readonly serviceAccount?: string;
}

/** How many secrets of one workload are read; each costs a request to the API server. */
export const maxPullSecrets = 16;
/** No name in Kubernetes is longer. */
const maxNameLength = 253;

const nameOf = (value: JsonValue | undefined): readonly string[] =>
  typeof value === 'string' && value !== '' && value.length <= maxNameLength ? [value] : [];

const fixedPodSpec = (segments: readonly string[], object: JsonObject): readonly JsonObject[] => {
  let found: JsonValue | undefined = object;
  for (const key of segments) found = isJsonObject(found) ? found[key] : undefined;
  return isJsonObject(found) ? [found] : [];
};

/** All pod specs of one object. Those of a wrong shape are left out. */
const podSpecsOf = (kind: WorkloadKind, object: JsonObject): readonly JsonObject[] => {
  const { podSpec, podSpecs } = compileKind(kind);
  if (podSpec !== undefined) return fixedPodSpec(podSpec.segments, object);
  const found: JsonObject[] = [];
  const walk: FieldWalk = {
    entries: 0,
    visit: (_path, value) => {
      if (isJsonObject(value)) found.push(value);
      return undefined;
    },
  };
  for (const segments of podSpecs) walkField(walk, segments, object);
  return found;
};

/** Spark, whose template is laid over the operator's, lists names alone. */
const secretNamesOf = (kind: WorkloadKind, { imagePullSecrets }: JsonObject): readonly string[] =>
  (Array.isArray(imagePullSecrets) ? (imagePullSecrets as readonly JsonValue[]) : [])
    .slice(0, maxPullSecrets)
    .flatMap((item) =>
      isJsonObject(item) ? nameOf(item['name']) : kind.overlay === true ? nameOf(item) : [],
    );

/**
 * The pull secrets and the service account that a workload of any kind names; ephemeral containers use those of their
 * Pod. A field of the wrong shape is left out: this can only take credentials away, and the API server refuses it.
 * `serviceAccount` is the former name of `serviceAccountName` and counts when that is empty, as in the API server. Of
 * several pod specs all secrets and the first service account count: they are pulled in one namespace, where one Pod
 * may name all of them.
 */
export const pullSecretsOf = (kind: WorkloadKind, object: JsonObject): NamedPullSecrets => {
  const podSpecs = podSpecsOf(kind, object);
  const names = new Set(podSpecs.flatMap((podSpec) => secretNamesOf(kind, podSpec)));
  const [account] = podSpecs.flatMap(({ serviceAccountName, serviceAccount }) => [
    ...nameOf(serviceAccountName),
    ...nameOf(serviceAccount),
  ]);
  return {
    pullSecrets: [...names].slice(0, maxPullSecrets),
    ...(account === undefined ? {} : { serviceAccount: account }),
  };
};
