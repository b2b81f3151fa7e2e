import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../../src/core/text/json/json.ts';
import type { KubeObject } from '../../e2e/harness/api.ts';
import { connect, startCluster, type Cluster } from '../../e2e/harness/cluster.ts';
import { crdPairOf, establishedCrds, type CrdPair } from '../../e2e/harness/constraint-crd.ts';
import { eventually } from '../../e2e/harness/eventually.ts';
import { installGatekeeperObjects, startGatekeeper } from '../../e2e/harness/gatekeeper.ts';
import { installParts } from '../../e2e/harness/install.ts';
import type { ReviewAnswer } from './gatekeeper-answers.ts';
import type { LibraryPolicies, LibraryPolicy } from './library-reviews.ts';
import { reviewAnswerOf } from './review-answer.ts';

export interface ManagerAnswers {
  readonly reviews: readonly ReviewAnswer[];
  /** Of templates whose CRDs differ. */
  readonly crds: readonly CrdPair[];
}

const patience = { within: 180_000, every: 500 };

const apply = (cluster: Cluster, list: readonly object[]) =>
  cluster.must(['apply', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: list }),
  });

const items = async (cluster: Cluster, kind: string): Promise<readonly KubeObject[]> => {
  const { stdout } = await cluster.must(['get', kind, '-o', 'json']);
  return (JSON.parse(stdout) as { items: KubeObject[] }).items;
};

interface Status {
  readonly byPod?: readonly {
    readonly enforced?: boolean;
    readonly observedGeneration?: number;
    readonly errors?: readonly object[];
  }[];
}
const statusOf = ({ status = {} }: KubeObject): Status => status as Status;

const putTemplates = async (cluster: Cluster, { templates }: LibraryPolicies): Promise<void> => {
  await apply(cluster, templates);
  await eventually(
    'the CRDs of all templates',
    async () => (await establishedCrds(cluster)).length === templates.length,
    patience,
  );
  const refused = (await items(cluster, 'constrainttemplates')).filter((template) =>
    statusOf(template).byPod?.some(({ errors = [] }) => errors.length > 0),
  );
  if (refused.length > 0) throw new Error(`Gatekeeper refuses ${JSON.stringify(refused.map(statusOf))}`);
};

/** Whether the manager asks this revision of a constraint. */
const isEnforced = (constraint: KubeObject): boolean => {
  const { byPod = [] } = statusOf(constraint);
  const { generation } = constraint.metadata ?? {};
  return byPod.some(
    ({ enforced, observedGeneration }) => enforced === true && observedGeneration === generation,
  );
};

const putConstraints = async (cluster: Cluster, policies: readonly LibraryPolicy[]): Promise<void> => {
  await apply(
    cluster,
    policies.map(({ constraint }) => constraint),
  );
  await eventually(
    'all constraints to be enforced',
    async () => (await items(cluster, 'constraints')).filter(isEnforced).length === policies.length,
    patience,
  );
};

/** Creates the namespaces that reviews name: Gatekeeper judges in none that it does not know. */
const createNamespaces = async (cluster: Cluster, reviews: readonly JsonObject[]): Promise<void> => {
  const named = reviews.map(({ request }) => (request as { namespace?: string }).namespace ?? 'default');
  const names = new Set(named.filter((name) => name !== 'default' && name !== 'kube-system'));
  for (const name of names) await cluster.must(['create', 'namespace', name]);
};

const asked = async (cluster: Cluster, policies: LibraryPolicies): Promise<ManagerAnswers> => {
  await installGatekeeperObjects(cluster);
  await createNamespaces(cluster, policies.reviews);
  const gatekeeper = await startGatekeeper(cluster);
  try {
    await putTemplates(cluster, policies);
    const reviews: ReviewAnswer[] = [];
    for (const inForce of policies.inForce) {
      await putConstraints(cluster, inForce);
      for (const review of policies.reviews) reviews.push(reviewAnswerOf(await gatekeeper.review(review)));
    }
    const pairs: CrdPair[] = [];
    for (const template of policies.templates) pairs.push(await crdPairOf(cluster, template));
    return { reviews, crds: pairs.filter(({ theirs, ours }) => !isDeepStrictEqual(theirs, ours)) };
  } finally {
    await gatekeeper.stop();
  }
};

/** What the manager makes of the library's templates and says of its objects, on an API server of its own. */
export const managerAnswers = async (policies: LibraryPolicies): Promise<ManagerAnswers> => {
  const { address, stop } = await startCluster(installParts());
  try {
    return await asked(connect(address), policies);
  } finally {
    await stop();
  }
};
