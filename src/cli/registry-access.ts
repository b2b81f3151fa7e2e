import { resolve } from 'node:path';
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
import type { InventoryConfig } from '../serve/store/inventory.ts';
import { systemClock } from '../concurrency/clock.ts';
import type { RegistryConfig } from './setting-flags.ts';
import { valueOrUsage, type Terminal } from './terminal/terminal.ts';

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

type LayerScan = Pick<RegistryAccessOptions, 'advisories' | 'onLists'> &
  Pick<NonNullable<RegistryAccessOptions['scan']>, 'bounds' | 'watch'> & {
    /** The folder of `--data`. */
    readonly data: string;
  };

/** The same, where layers are looked into; what was found in them is kept below `data`. */
export const openLayerAccess = async (
  config: RegistryConfig & Partial<InventoryConfig>,
  { verify, catalog, inventory }: Terminal['workers'],
  trustRoots: TrustRoots,
  { data, bounds, watch, ...lists }: LayerScan,
): Promise<RegistryAccess> => {
  const { openListsOfCommand } = await import('../serve/store/inventory.ts');
  const kept = openListsOfCommand(resolve(data), inventory, config);
  const access = openRegistryAccess(config, verify, trustRoots, {
    ...lists,
    scan: { worker: catalog, bounds, store: kept.lists, ...(watch && { watch }) },
  });
  const close = async (): Promise<void> => {
    await access.close();
    await kept.close();
  };
  return { ...access, close };
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
