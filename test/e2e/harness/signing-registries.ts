import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCosign } from './cosign.ts';
import { startDockerRegistry } from './docker-registry.ts';
import { rowOf } from './evidence-stage.ts';
import { startGoRegistry } from './go-registry.ts';
import type { RunningRegistry } from './registry-process.ts';

/** docker-registry has no Referrers API, the one in Go has it. */
export type RegistryName = 'docker' | 'go';

/**
 * Both registries and both cosigns, for images that are signed in each way.
 * @param options `tls`: docker-registry speaks HTTPS by an authority of its own
 */
export const startSigningRegistries = async (options: { readonly tls?: true } = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-signing-'));
  const docker = await startDockerRegistry(options);
  const go = await startGoRegistry();
  const place = { folder, ...(docker.caFile === undefined ? {} : { caFile: docker.caFile }) };
  return {
    folder,
    registries: { docker, go } satisfies Record<RegistryName, RunningRegistry>,
    cosigns: { 2: createCosign(2, place), 3: createCosign(3, place) },
    config: { registries: [rowOf(docker), rowOf(go)] },
    close: async () => {
      await Promise.all([docker.stop(), go.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
