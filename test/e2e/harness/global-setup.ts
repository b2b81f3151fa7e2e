import type { TestProject } from 'vitest/node';
import { startCluster, type ClusterAddress } from './cluster.ts';
import { installCosign } from './install-cosign.ts';
import { installGatekeeper } from './install-gatekeeper.ts';
import { installSigstore } from './install-sigstore.ts';
import { installParts, installRegistryParts } from './install.ts';
import { installSystemImage } from './system-image.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    cluster: ClusterAddress;
  }
}

/** Installs what is missing and starts the one cluster that all files share. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const parts = installParts();
  installRegistryParts();
  installCosign(3);
  installCosign(2);
  installSigstore();
  installSystemImage();
  installGatekeeper();
  const started = Date.now();
  const { address, stop } = await startCluster(parts);
  process.stderr.write(
    `e2e: cluster ready in ${((Date.now() - started) / 1000).toFixed(1)} s at ${address.url}\n`,
  );
  project.provide('cluster', address);
  return stop;
};
