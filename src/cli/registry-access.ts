import { createCredentialHelpers } from '../adapters/docker-config/credential-helper.ts';
import { createUserConfig } from '../adapters/docker-config/user-config.ts';
import { readCloudEnvironment } from '../config/cloud-environment.ts';
import { readEnvironment } from '../config/load.ts';
import { describeProblem } from '../config/origin.ts';
import { loadRegistries } from '../config/registry-files.ts';
import type { LoadedRegistry } from '../config/registry-files.ts';
import { userCredentialFiles } from '../config/user-credentials.ts';
import { openEvidenceRoom } from '../serve/evidence-room.ts';
import type { EvidenceRoom } from '../serve/evidence-room.ts';
import { proxyOf } from '../serve/evidence.ts';
import { clock } from '../serve/clock.ts';
import type { RegistryConfig } from './registry-settings.ts';
import { UsageError } from './terminal.ts';

/** Manifests and configs of one command; nothing of it stays on disk. */
const memory = 64 * 2 ** 20;

/** Whom the logins are shown to: `pull` asks the mirrors of a host before it, `origin` the host alone. */
export type AskedHosts = 'pull' | 'origin';

const withoutMirrors = (rows: readonly LoadedRegistry[]): readonly LoadedRegistry[] =>
  rows.map((row) => ({ ...row, mirrors: [] }));

/**
 * The registries as the user of a command sees them: the same room as that of `serve`, with the logins of docker and
 * podman and the helpers that keep them. Pull secrets of a cluster are not read: whoever runs a check has logins of
 * their own, and is not the kubelet. What is configured and cannot be used is exit code 2.
 */
export const openRegistryAccess = (config: RegistryConfig, asked: AskedHosts = 'pull'): EvidenceRoom => {
  const registries = loadRegistries(config.registries);
  if (!registries.ok) throw new UsageError(registries.error.map(describeProblem));
  const cloud = readCloudEnvironment(config.cloudIdentities.value);
  if (!cloud.ok) throw new UsageError(cloud.error);
  const environment = readEnvironment();
  const helpers = createCredentialHelpers({ environment, clock });
  const logins = createUserConfig({ files: userCredentialFiles({ environment }), helpers, clock });
  return openEvidenceRoom({
    registries: asked === 'pull' ? registries.value : withoutMirrors(registries.value),
    cloud: cloud.value,
    proxy: proxyOf(config),
    content: { maxMemoryBytes: memory, maxDiskBytes: 0 },
    user: { logins, helpers },
  });
};
