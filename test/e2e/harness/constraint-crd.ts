import type { JsonObject } from '../../../src/core/text/json/json.ts';
import { metadataOf, objectName } from '../../../src/core/workload/object-metadata.ts';
import { writtenKind } from '../../../src/languages/gatekeeper/crd-fields.ts';
import { wantedCrds } from '../../../src/serve/cluster/constraint-writes.ts';
import type { KubeObject } from './api.ts';
import type { Cluster } from './cluster.ts';

export const crdsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const templatesPath = '/apis/templates.gatekeeper.sh/v1/constrainttemplates';

export const crdNameOf = (kind: string): string => `${kind.toLowerCase()}.constraints.gatekeeper.sh`;

/** What matters of a CRD. Others add to its metadata, and its status is the API server's. */
const saidBy = ({ metadata, ...crd }: KubeObject): object => ({
  name: metadata?.name,
  labels: metadata?.labels,
  ownerReferences: metadata?.['ownerReferences'],
  spec: crd['spec'],
});

/** The CRD of a template as the API server stores it: the one that is there, and ours in its place. */
export interface CrdPair {
  readonly template: string;
  readonly theirs: object;
  readonly ours: object;
}

/** Puts our CRD of a template in the place of the one that is there, and leaves that one. */
export const crdPairOf = async (cluster: Pick<Cluster, 'api'>, template: JsonObject): Promise<CrdPair> => {
  const name = objectName(template);
  const stored = await cluster.api('GET', `${templatesPath}/${name}`);
  const { uid } = stored.body.metadata ?? {};
  const object = { ...template, metadata: { ...metadataOf(template), uid: uid! } };
  const kind = writtenKind(template);
  const revision = { object, kind, read: '', content: '', problems: [], inForce: undefined };
  const ours = wantedCrds([revision])[0]!.object;
  const path = `${crdsPath}/${objectName(ours)}`;
  const theirs = await cluster.api('GET', path);
  const { resourceVersion } = theirs.body.metadata ?? {};
  // The API server adds its defaults to both.
  const put = await cluster.api('PUT', `${path}?dryRun=All`, {
    ...ours,
    metadata: { ...metadataOf(ours), resourceVersion },
  });
  if (put.status !== 200) throw new Error(`${path}: ${put.status} ${put.message}`);
  return { template: name, theirs: saidBy(theirs.body), ours: saidBy(put.body) };
};

const isEstablished = ({ status }: KubeObject): boolean =>
  ((status ?? {}) as { conditions?: { type: string; status: string }[] }).conditions?.some(
    (one) => one.type === 'Established' && one.status === 'True',
  ) === true;

/** The CRDs of constraints that the API server serves. */
export const establishedCrds = async (cluster: Pick<Cluster, 'api'>): Promise<readonly KubeObject[]> => {
  const { body } = await cluster.api('GET', `${crdsPath}?labelSelector=gatekeeper.sh/constraint=yes`);
  return (body['items'] as KubeObject[]).filter(isEstablished);
};

/** Whether the API server serves a CRD; asks for nothing else. */
export const isServed = async (cluster: Pick<Cluster, 'api'>, name: string): Promise<boolean> => {
  const { status, body } = await cluster.api('GET', `${crdsPath}/${name}`);
  return status === 200 && isEstablished(body);
};
