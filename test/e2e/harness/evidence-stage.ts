import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { stringify } from 'yaml';
import type { RegistryRow } from '../../../src/config/registries/registry-rows.ts';
import { freePort } from './free-port.ts';
import { clearGate, dataFolder, installGate, startGate, type Gate } from './gate.ts';
import type { Stage } from './gate-stage.ts';
import { sharedCluster } from './shared-cluster.ts';

/** What a file brings along: its registries, and how the gate is told of them. */
export interface Surroundings {
  /** Of the file of `--config`. */
  readonly config: object;
  readonly args?: readonly string[];
  close(): Promise<void>;
}
export interface EvidenceStage<Around> extends Stage {
  /** Known from the first test on, like the gate. */
  readonly around: Around;
  /** `manifests --pull-secrets`, applied over what is there. */
  grantPullSecrets(...namespaces: readonly string[]): Promise<void>;
}

/** One gate that may look at registries, for all tests of a file, in front of the shared cluster. */
export const stageEvidence = <Around extends Surroundings>(
  open: (gateUrl: string) => Promise<Around>,
): EvidenceStage<Around> => {
  const cluster = sharedCluster();
  let gate: Gate | undefined;
  let around: Around | undefined;
  const started = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('the gate is started before the first test');
    return part;
  };
  beforeAll(async () => {
    await clearGate(cluster);
    const port = await freePort();
    const url = `https://127.0.0.1:${port}`;
    const data = dataFolder(cluster);
    around = await open(url);
    const config = join(data, 'config.yaml');
    writeFileSync(config, stringify(around.config));
    await installGate(cluster, url, data);
    const args = ['--config', config, ...(around.args ?? [])];
    gate = await startGate(cluster, { port, data, args });
  });
  afterAll(async () => {
    await clearGate(cluster);
    if (gate?.process.alive() === true) await gate.stop();
    await around?.close();
  });
  return {
    cluster,
    get gate() {
      return started(gate);
    },
    get around() {
      return started(around);
    },
    grantPullSecrets: async (...namespaces) => {
      const { url, data } = started(gate);
      await installGate(cluster, url, data, ['--pull-secrets', namespaces.join(',')]);
    },
  };
};

/** The row by which the gate reaches a registry of the tests. */
export const rowOf = ({
  host,
  caFile,
}: {
  readonly host: string;
  readonly caFile?: string;
}): RegistryRow => ({
  host,
  allowPrivateAddress: true,
  ...(caFile === undefined ? { plainHttp: true } : { caFile }),
});
