import { createCredentialHelpers } from '../adapters/docker-config/credential-helper.ts';
import { createUserConfig } from '../adapters/docker-config/configured-files.ts';
import { readCloudEnvironment } from '../config/registries/cloud-environment.ts';
import { readEnvironment } from '../config/sources/load.ts';
import { describeConfigProblems } from '../config/sources/origin.ts';
import {
  loadRegistries,
  loadRegistryDefaults,
  type LoadedRegistry,
} from '../config/registries/registry-files.ts';
import { userCredentialFiles } from '../config/registries/user-credentials.ts';
import type { PullSecrets } from '../evidence/ports.ts';
import type { TrustRoots } from '../evidence/trust/trust-root.ts';
import {
  createRegistryAccess,
  type RegistryAccess,
  type RegistryAccessOptions,
} from '../serve/registry-access.ts';
import { proxyOf } from '../serve/evidence.ts';
import { systemClock } from '../concurrency/clock.ts';
import type { RegistryConfig } from './setting-flags.ts';
import { valueOrUsage } from './terminal/terminal.ts';

/** Manifests and configs of one command; nothing of it stays on disk. */
const content = { maxMemoryBytes: 64 * 2 ** 20, maxDiskBytes: 0 };

/** The sources of logins of a command. */
const sourcesOf = (config: RegistryConfig) => {
  const registries = valueOrUsage(loadRegistries(config.registries), describeConfigProblems);
  const defaults = valueOrUsage(loadRegistryDefaults(config.registryDefaults), describeConfigProblems);
  const cloud = valueOrUsage(readCloudEnvironment(config.cloudIdentities.value), (lines) => lines);
  const environment = readEnvironment();
  const helpers = createCredentialHelpers({ environment, clock: systemClock });
  const logins = createUserConfig({
    files: userCredentialFiles({ environment }),
    helpers,
    clock: systemClock,
  });
  return { registries, defaults, cloud, user: { helpers, logins } };
};

const withoutMirrors = ({ mirrors: _asked, ...row }: LoadedRegistry): LoadedRegistry => row;
const withoutLogin = ({ dockerConfigFile: _login, ...row }: LoadedRegistry): LoadedRegistry => row;

/**
 * Registry access of a command: as in `serve`, with the logins of docker and podman and their helpers. Pull secrets
 * of a cluster are not read: the user of a check has logins of their own, and is not the kubelet. Configuration that
 * cannot be used gives exit code 2.
 * @param worker - the program of the threads that verify signatures
 * @param lists - by what package lists are judged, and what makes them; absent: nobody asks for them
 */
export const openRegistryAccess = (
  config: RegistryConfig,
  worker: URL,
  trustRoots: TrustRoots,
  lists: Pick<RegistryAccessOptions, 'advisories' | 'onLists' | 'scan'> = {},
): RegistryAccess => {
  const verification = { worker, trustRoots };
  return createRegistryAccess({
    ...sourcesOf(config),
    proxy: proxyOf(config),
    content,
    verification,
    ...lists,
  });
};

/**
 * The same, to try logins: each host itself is asked, and not its mirrors.
 * @param pullSecrets - these alone are tried, as they are in the cluster
 */
export const openLoginAccess = (
  config: RegistryConfig,
  pullSecrets: PullSecrets | undefined,
): RegistryAccess => {
  const { registries, ...sources } = sourcesOf(config);
  const rows = registries.map(withoutMirrors);
  const shared = { defaults: sources.defaults, proxy: proxyOf(config), content };
  return pullSecrets === undefined
    ? createRegistryAccess({ ...shared, ...sources, registries: rows })
    : createRegistryAccess({ ...shared, registries: rows.map(withoutLogin), cloud: {}, pullSecrets });
};
