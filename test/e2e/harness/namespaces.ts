import type { Cluster } from './cluster.ts';
import { eventually } from './eventually.ts';

let counter = 0;

/** A namespace of a test's own, in which Pods can be created at once (its service account is there). */
export const createNamespace = async (
  cluster: Cluster,
  labels: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const name = `e2e-${Date.now().toString(36)}-${++counter}`;
  const made = await cluster.api('POST', '/api/v1/namespaces', { metadata: { name, labels } });
  if (made.status !== 201) throw new Error(`namespace ${name}: ${made.status} ${made.message}`);
  await eventually(
    `the service account of ${name}`,
    async () =>
      (await cluster.api('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`)).status === 200,
    { within: 20_000, every: 25 },
  );
  return name;
};
