/** Legal objects that cost the gate most, one for each part of the road that could hold the event loop. */
import type { Filled } from './evidence-registry.ts';
import { numbers } from './evidence-stage.ts';
import { podReview } from './review-body.ts';

export interface WorstObject {
  readonly what: string;
  /** The AdmissionReview, from a namespace. */
  readonly body: (namespace: string) => string;
  /** Whether it needs images that the registry holds. */
  readonly verdict: 'allowed' | 'denied';
}

/** The API server takes objects of about 1.5 MB. */
export const objectBytes = 1_350_000;
const textBytes = 64 * 1024;

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
}
export const podKind: Kind = { group: '', version: 'v1', kind: 'Pod', resource: 'pods' };
const pyTorchJob: Kind = {
  group: 'kubeflow.org',
  version: 'v1',
  kind: 'PyTorchJob',
  resource: 'pytorchjobs',
};
const jobSet: Kind = { group: 'jobset.x-k8s.io', version: 'v1alpha2', kind: 'JobSet', resource: 'jobsets' };

/** The AdmissionReview of an object without its kind, or of its update. */
export const worstReview = (
  { group, version, kind, resource }: Kind,
  namespace: string,
  given: object,
  old?: object,
): string => {
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const request = {
    uid: '6f1c2d3e-0000-4000-8000-000000000000',
    kind: { group, version, kind },
    resource: { group, version, resource },
    namespace,
    name: 'worst',
    operation: old === undefined ? 'CREATE' : 'UPDATE',
    userInfo: { username: 'tenant' },
    object: { apiVersion, kind, ...given },
    oldObject: old === undefined ? null : { apiVersion, kind, ...old },
    dryRun: false,
  };
  return JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request });
};

/** An update that changes the images; `of` makes the rest of the object, as large in the old one. */
const update =
  (kind: Kind, of: (mark: string) => object) =>
  (namespace: string): string =>
    worstReview(kind, namespace, of('new'), of('old'));

const image = (mark: string): string => `docker.io/evil/${mark}:1`;
const named = (list: string, count: number, mark: string): readonly object[] =>
  numbers(count).map((number) => ({ name: `${list}-${number}`, image: image(`${mark}-${list}-${number}`) }));
const podSpec = (mark: string): object => ({ containers: named('c', 1, mark) });
const metadata = (more: object = {}): object => ({ name: 'worst', ...more });
export const entries = <T>(count: number, key: (number: number) => string, value: (number: number) => T) =>
  Object.fromEntries(numbers(count).map((number) => [key(number), value(number)]));

const maxKeys = 9_990;
/** Replicas by names that must be escaped where a path names them. */
const manyReplicas = (mark: string): object => ({
  metadata: metadata(),
  spec: {
    pytorchReplicaSpecs: {
      ...entries(
        maxKeys,
        (number) => `ключ ${number} "${'x'.repeat(30)}"`,
        () => ({ replicas: 1 }),
      ),
      Worker: { template: { spec: podSpec(mark) } },
    },
  },
});
/** More than are looked at, so the gate compares with the old object. */
const manyJobs =
  (count: number) =>
  (mark: string): object => ({
    metadata: metadata(),
    spec: {
      replicatedJobs: [
        ...numbers(count).map((number) => ({ name: `job-${number}`, replicas: 1, template: {} })),
        { name: 'last', template: { spec: { template: { spec: podSpec(mark) } } } },
      ],
    },
  });
const pod = (
  mark: string,
  { meta = {}, spec = {} }: { readonly meta?: object; readonly spec?: object },
): object => ({
  metadata: metadata(meta),
  spec: { ...podSpec(mark), ...spec },
});
const nested = (depth: number): object => (depth === 0 ? {} : { 'f:a': {}, 'f:b': nested(depth - 1) });

/** By the name that `--only worst-pod-NAME` takes. `wide`: indexes of many platforms. */
export const worstObjects = (wide: readonly Filled[]): Readonly<Record<string, WorstObject>> => ({
  indexes: {
    what: 'of 64 names of indexes',
    verdict: 'denied',
    body: (namespace) => {
      const images = numbers(64).map((number) => {
        const { name, digest } = wide[number % wide.length] ?? { name: '', digest: '' };
        return `${name}-${'t'.repeat(100)}-${number}@${digest}`;
      });
      return podReview(1, { namespace, images });
    },
  },
  'no-names': {
    what: 'of 64 texts that are no names',
    verdict: 'denied',
    body: (namespace) => {
      const images = numbers(64).map((number) => `${'://'.repeat(objectBytes / 64 / 3)}x${number}`);
      return podReview(1, { namespace, images });
    },
  },
  containers: {
    what: 'of 64 containers of all lists, updated',
    verdict: 'denied',
    body: update(podKind, (mark) =>
      pod(mark, {
        spec: {
          containers: named('c', 20, mark),
          initContainers: named('i', 20, mark),
          ephemeralContainers: named('e', 24, mark),
        },
      }),
    ),
  },
  annotations: {
    what: 'with annotations of 64 KiB, updated',
    verdict: 'denied',
    body: update(podKind, (mark) =>
      pod(mark, {
        meta: {
          annotations: entries(
            20,
            (number) => `long-${number}`,
            () => '<é'.repeat(textBytes / 4),
          ),
        },
      }),
    ),
  },
  labels: {
    what: 'with 60,000 labels, updated',
    verdict: 'denied',
    body: update(podKind, (mark) =>
      pod(mark, { meta: { labels: entries(60_000, (number) => `label-${number}`, String) } }),
    ),
  },
  texts: {
    what: 'with 120,000 short arguments, updated',
    verdict: 'denied',
    body: update(podKind, (mark) =>
      pod(mark, {
        spec: {
          containers: [{ ...named('c', 1, mark)[0], args: numbers(120_000).map((number) => `a${number}`) }],
        },
      }),
    ),
  },
  volumes: {
    what: 'with 50,000 volumes, updated',
    verdict: 'denied',
    body: update(podKind, (mark) =>
      pod(mark, { spec: { volumes: numbers(50_000).map((number) => ({ name: `v${number}` })) } }),
    ),
  },
  nesting: {
    what: 'with fields that are managed 190 levels deep, updated',
    verdict: 'denied',
    body: update(podKind, (mark) =>
      pod(mark, { meta: { managedFields: numbers(300).map(() => ({ fieldsV1: nested(190) })) } }),
    ),
  },
  'map-keys': {
    what: `PyTorchJob of ${maxKeys} kinds of replicas, updated`,
    verdict: 'denied',
    body: update(pyTorchJob, manyReplicas),
  },
  'list-items': {
    what: `JobSet of ${maxKeys} jobs, updated`,
    verdict: 'denied',
    body: update(jobSet, manyJobs(maxKeys)),
  },
  unread: {
    what: 'JobSet of 28,000 jobs, more than are looked at, updated',
    verdict: 'denied',
    body: update(jobSet, manyJobs(28_000)),
  },
});
export type WorstObjectName = keyof ReturnType<typeof worstObjects>;
