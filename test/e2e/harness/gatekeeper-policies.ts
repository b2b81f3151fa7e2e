import type { KubeObject } from './api.ts';
import type { Cluster } from './cluster.ts';
import { establishedCrds } from './constraint-crd.ts';
import { eventually } from './eventually.ts';

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

/** Applies templates, and waits until Gatekeeper's manager has made the kinds of all their constraints. */
export const putTemplates = async (cluster: Cluster, templates: readonly object[]): Promise<void> => {
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

/** Applies constraints, and waits until Gatekeeper's manager asks each of them. */
export const putConstraints = async (cluster: Cluster, constraints: readonly object[]): Promise<void> => {
  await apply(cluster, constraints);
  await eventually(
    'all constraints to be enforced',
    async () => (await items(cluster, 'constraints')).filter(isEnforced).length === constraints.length,
    patience,
  );
};
