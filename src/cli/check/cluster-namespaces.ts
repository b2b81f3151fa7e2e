import type { Clock } from '../../concurrency/clock.ts';
import { connect, createClient } from '../../adapters/kubernetes/client/client.ts';
import { createNamespaces } from '../../adapters/kubernetes/resources/namespaces.ts';
import { version } from '../../config/version.ts';
import type { NamespaceReader } from '../../gate/ports.ts';
import { UsageError } from '../terminal/terminal.ts';

/** Namespace labels looked up in a cluster one by one, without a watch: a `check` asks for few of them. */
export const clusterNamespaces = async (
  kubeconfig: string,
  context: string | undefined,
  clock: Clock,
): Promise<{ readonly reader: NamespaceReader; readonly close: () => Promise<void> }> => {
  const connection = await connect({ kubeconfig, context, environment: {} });
  if (!connection.ok) throw new UsageError([connection.error.message]);
  const client = createClient(connection.value, { version });
  const namespaces = createNamespaces({ client, clock });
  return {
    reader: namespaces,
    close: async () => {
      await namespaces.close();
      client.close();
    },
  };
};
