import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../../src/core/text/json/json.ts';
import { connect, startCluster, type Cluster } from '../../e2e/harness/cluster.ts';
import { crdPairOf, type CrdPair } from '../../e2e/harness/constraint-crd.ts';
import { putConstraints, putTemplates } from '../../e2e/harness/gatekeeper-policies.ts';
import { installGatekeeperObjects, startGatekeeper } from '../../e2e/harness/gatekeeper.ts';
import { installParts } from '../../e2e/harness/install.ts';
import type { ReviewAnswer } from './gatekeeper-answers.ts';
import type { LibraryPolicies } from './library-reviews.ts';
import { reviewAnswerOf } from './review-answer.ts';

export interface ManagerAnswers {
  readonly reviews: readonly ReviewAnswer[];
  /** Of templates whose CRDs differ. */
  readonly crds: readonly CrdPair[];
}

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
    await putTemplates(cluster, policies.templates);
    const reviews: ReviewAnswer[] = [];
    for (const inForce of policies.inForce) {
      await putConstraints(
        cluster,
        inForce.map(({ constraint }) => constraint),
      );
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
