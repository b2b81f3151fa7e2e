import { cp } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTcpBalancer } from '../../fakes/tcp-balancer.ts';
import type { Cluster } from './cluster.ts';
import { freePorts } from './free-port.ts';
import { dataFolder, installGate, startGate, type Gate, type GateOptions } from './gate.ts';
import { unanswered, type Load, type LoadedCreate } from './load.ts';

/** Two replicas behind one address, as a Service stands before those of a Deployment. */
export interface ReplicaPair {
  /** The address of both. */
  readonly url: string;
  /** The gates that were started last; one that was killed stays here until it is started again. */
  readonly replicas: readonly Gate[];
  /** Folders of their data. */
  readonly data: readonly [string, string];
  /** Starts a replica, for the first time or again. */
  start(index: number): Promise<void>;
  /** Starts the replica that is dead. Answers with its index. */
  startDead(): Promise<number>;
  /** Kills the replica that most connections were handed to: the API server keeps to few, and these carry the load. */
  killBusiest(): Promise<void>;
  close(): Promise<void>;
}

/** Neither replica runs yet. */
export const createReplicaPair = async (
  cluster: Cluster,
  { args = [], ...more }: Pick<GateOptions, 'args' | 'kubeconfig'> = {},
): Promise<ReplicaPair> => {
  const [front, ...ports] = await freePorts(5);
  const data = [dataFolder(cluster), dataFolder(cluster)] as const;
  const options = data.map((folder, index) => ({
    ...more,
    data: folder,
    port: ports[index]!,
    adminPort: ports[index + 2]!,
    args: ['--replica', `replica-${index}`, ...args],
  }));
  const balancer = await startTcpBalancer(
    options.map(({ port, adminPort }) => {
      return { host: '127.0.0.1', port, readyz: `http://127.0.0.1:${adminPort}/readyz` };
    }),
    front,
  );
  const replicas: Gate[] = [];
  const start = async (index: number): Promise<void> => {
    replicas[index] = await startGate(cluster, options[index]);
  };
  return {
    url: `https://127.0.0.1:${front}`,
    replicas,
    data,
    start,
    startDead: async () => {
      const dead = replicas.findIndex(({ process }) => !process.alive());
      await start(dead);
      return dead;
    },
    killBusiest: () => replicas[balancer.counts().indexOf(Math.max(...balancer.counts()))]!.kill(),
    close: async () => {
      await Promise.all(replicas.filter(({ process }) => process.alive()).map((gate) => gate.stop()));
      await balancer.close();
    },
  };
};

/** Puts both in front of the API server. They stand on one CA, as on one Secret; here it is one folder, copied. */
export const installReplicaPair = async (
  cluster: Cluster,
  pair: ReplicaPair,
  args: readonly string[] = [],
): Promise<void> => {
  const [first, second] = pair.data;
  await installGate(cluster, pair.url, first, args);
  await cp(first, second, { recursive: true });
  await Promise.all([pair.start(0), pair.start(1)]);
};

/** What became of a load in whose midst a replica was killed. */
interface KilledUnderLoad {
  readonly creates: readonly LoadedCreate[];
  /** Creates that nobody judged: they were on their way to the dead replica. */
  readonly lost: readonly LoadedCreate[];
  /** Those of them that were sent when it had been dead for a second. */
  readonly lostLater: readonly LoadedCreate[];
}

export const killUnderLoad = async (pair: ReplicaPair, load: Load): Promise<KilledUnderLoad> => {
  await sleep(1_500);
  const killed = Date.now();
  await pair.killBusiest();
  await sleep(3_000);
  const creates = await load.end();
  const lost = unanswered(creates);
  return { creates, lost, lostLater: lost.filter(({ sent }) => sent > killed + 1_000) };
};
