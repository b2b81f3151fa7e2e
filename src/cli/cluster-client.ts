import { createClient, type ApiClient } from '../adapters/kubernetes/client/client.ts';
import { connect, type ConnectionOptions } from '../adapters/kubernetes/client/connection-options.ts';
import { createWatchedNamespaces } from '../adapters/kubernetes/resources/namespaces.ts';
import { systemClock } from '../concurrency/clock.ts';
import { version } from '../config/version.ts';
import type { NamespaceReader } from '../gate/ports.ts';
import { valueOrUsage } from './terminal/terminal.ts';

/** A client of the cluster that a command was given, or exit code 2. Nothing is sent yet. */
export const clientOrUsage = async (options: ConnectionOptions): Promise<ApiClient> => {
  const connection = valueOrUsage(await connect(options), ({ message }) => message);
  return createClient(connection, { version });
};

/** Namespace labels looked up in a cluster one by one, without a watch: a `check` asks for few of them. */
export const clusterNamespaces = async (
  kubeconfig: string,
  context: string | undefined,
): Promise<{ readonly reader: NamespaceReader; readonly close: () => Promise<void> }> => {
  const client = await clientOrUsage({ kubeconfig, context, environment: {} });
  const namespaces = createWatchedNamespaces({ client, clock: systemClock });
  return {
    reader: namespaces,
    close: async () => {
      await namespaces.close();
      client.close();
    },
  };
};
