import { afterAll, beforeAll } from 'vitest';
import type { Cluster } from './cluster.ts';
import { freePort } from './free-port.ts';
import { clearGate, dataFolder, installGate, startGate, type Gate } from './gate.ts';
import { sharedCluster } from './shared-cluster.ts';

export interface Stage {
  readonly cluster: Cluster;
  /** The running gate; known from the first test on. */
  readonly gate: Gate;
}

/** One gate for all tests of a file, in front of the shared cluster; afterwards nothing of it is left. */
export const stageGate = (args: readonly string[] = []): Stage => {
  const cluster = sharedCluster();
  let running: Gate | undefined;
  beforeAll(async () => {
    await clearGate(cluster);
    const port = await freePort();
    const data = dataFolder(cluster);
    await installGate(cluster, `https://127.0.0.1:${port}`, data);
    running = await startGate(cluster, { port, data, args });
  });
  afterAll(async () => {
    await clearGate(cluster);
    await running?.stop();
  });
  return {
    cluster,
    get gate() {
      if (running === undefined) throw new Error('the gate is started before the first test');
      return running;
    },
  };
};
