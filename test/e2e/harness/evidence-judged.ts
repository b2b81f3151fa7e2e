import type { ApiAnswer, KubeObject } from './api.ts';
import type { Cluster } from './cluster.ts';
import { eventually } from './eventually.ts';
import type { Gate } from './gate.ts';
import { recordedDecisions, type RecordedDecision } from './imagegate.ts';
import { pod, putPolicy, untilJudged } from './policies.ts';

export interface Judged {
  /** What lies elsewhere is refused by its name alone: no test looks beyond loopback. */
  readonly hosts: readonly string[];
  /** Beside pinning; no root unless told. */
  readonly checks?: readonly object[];
  /** More of the policy. */
  readonly spec?: object;
}

/** Pins the images of one namespace and judges them; returns when that is in force. */
export const judgeImages = async (cluster: Cluster, namespace: string, judged: Judged): Promise<void> => {
  const { hosts, checks = [{ image: { user: 'NonRoot' } }], spec } = judged;
  await putPolicy(cluster, {
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'ImagePolicy',
    metadata: { name: `judged-${namespace}` },
    spec: {
      match: { namespaces: { include: [namespace] } },
      checks: [
        { registries: { allow: hosts.map((host) => `${host}/**`) } },
        { digest: { pin: true } },
        ...checks,
      ],
      ...spec,
    },
  });
  await untilJudged(cluster, namespace, false);
};

let pods = 0;

export interface CreatedPod extends ApiAnswer {
  readonly name: string;
  /** Of its first container, as it is stored. */
  readonly image: string | undefined;
}

/** A new Pod under a name of its own. */
export const createPod = async (
  cluster: Cluster,
  namespace: string,
  image: string,
  spec: object = {},
): Promise<CreatedPod> => {
  const name = `judged-${++pods}`;
  const answer = await cluster.api('POST', `/api/v1/namespaces/${namespace}/pods`, pod(name, image, spec));
  const stored = answer.body['spec'] as { containers?: { image: string }[] } | undefined;
  return { ...answer, name, image: stored?.containers?.[0]?.image };
};

/** What the gate has on record about an object. */
export const decisionOn = (
  gate: Gate,
  {
    namespace,
    name,
    kind = 'Pod',
  }: { readonly namespace: string; readonly name: string; readonly kind?: string },
): Promise<RecordedDecision> =>
  eventually(
    `the decision on ${kind} ${namespace}/${name}`,
    async () =>
      (await recordedDecisions(gate.data)).find(
        ({ object }) => object.kind === kind && object.namespace === namespace && object.name === name,
      ),
    { within: 5_000 },
  );

/** The details of what refused an object, one line each. */
export const detailsOf = ({ findings }: RecordedDecision): string =>
  findings.map(({ code, detail = '' }) => `${code}: ${detail}`).join('\n');

/** A Secret with which docker and the kubelet log in. */
export const pullSecret = (
  name: string,
  host: string,
  login: { readonly username: string; readonly password: string },
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  type: 'kubernetes.io/dockerconfigjson',
  stringData: { '.dockerconfigjson': JSON.stringify({ auths: { [host]: login } }) },
});
