import { join } from 'node:path';
import type { ProxySettings } from '../adapters/registry/network/proxy.ts';
import { readCloudEnvironment } from '../config/registries/cloud-environment.ts';
import type { LoadedDefaults, LoadedFeed } from '../config/registries/registry-files.ts';
import { describeConfigProblem } from '../config/sources/origin.ts';
import {
  createRegistryReload,
  loadLiveRegistries,
  type LiveRegistries,
} from '../config/registries/registry-reload.ts';
import type { Config, ConfigOf } from '../config/resolved.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Advisories, PackageLists, PullSecrets } from '../evidence/ports.ts';
import type { TrustRoots } from '../evidence/trust/trust-root.ts';
import type { ScanEnd } from '../evidence/vulnerability/scan-jobs.ts';
import type { RegistryEventSource } from '../gate/prefetch/registry-events.ts';
import type { Lifecycle } from './lifecycle.ts';
import { createRegistryAccess, type RegistryAccess } from './registry-access.ts';
import type { Telemetry } from './telemetry.ts';
import type { WorkerPrograms } from './worker-programs.ts';

/** How often the gate checks the files of registries, in milliseconds. A change counts after two equal checks. */
const lookEvery = 2_000;

interface ServedEvidence {
  readonly access: RegistryAccess;
  /** The sources of registry events in the current configuration. */
  readonly eventSources: () => readonly RegistryEventSource[];
}

/** Everything that `serve` needs to ask registries. */
interface EvidenceSetting {
  readonly config: Config;
  /** The file of `--config`: its registries may change while the gate runs. */
  readonly configFile: string | undefined;
  readonly workers: Pick<WorkerPrograms, 'verify' | 'catalog'>;
  readonly trustRoots: TrustRoots;
  readonly advisories: Advisories;
  /** Where package lists outlive the process. */
  readonly packageLists: PackageLists;
  /** Called with the feeds of a changed configuration. */
  readonly onFeeds: (feeds: readonly LoadedFeed[], defaults: LoadedDefaults) => void;
  /** Read from the cluster, if there is one. */
  readonly pullSecrets: PullSecrets | undefined;
}

const sourcesOf = ({ events }: LiveRegistries): readonly RegistryEventSource[] =>
  events.map(({ source, format, hosts, token }) => ({ name: source, format, hosts, token: () => token }));

/** The proxies of the configuration, as the transport takes them. */
export const proxyOf = ({
  httpsProxy,
  httpProxy,
  noProxy,
}: ConfigOf<'httpsProxy' | 'httpProxy' | 'noProxy'>): ProxySettings => ({
  ...(httpsProxy.value === undefined ? {} : { httpsProxy: httpsProxy.value }),
  ...(httpProxy.value === undefined ? {} : { httpProxy: httpProxy.value }),
  noProxy: noProxy.value.join(','),
});

interface Following {
  /** The file of `--config`. */
  readonly path: string;
  readonly first: LiveRegistries;
  readonly onChange: (live: LiveRegistries) => void;
}

const follow = ({ path, first, onChange }: Following, telemetry: Telemetry, lifecycle: Lifecycle): void => {
  const { log, metrics } = telemetry;
  const reload = createRegistryReload({
    path,
    first,
    onChange: (live) => {
      onChange(live);
      metrics.count('reloads', { outcome: 'registries-accepted' });
      log.info('registries reloaded', {
        registries: live.registries.length,
        sources: live.events.length,
        feeds: live.feeds.length,
      });
    },
    onProblem: (problems) => {
      metrics.count('reloads', { outcome: 'registries-refused' });
      log.error('the registries changed but cannot be used; the last good rows stay', { problems });
    },
  });
  const timer = setInterval(() => reload.look(), lookEvery).unref();
  lifecycle.add(() => clearInterval(timer));
};

/**
 * Only hosts of the configuration and Docker Hub get a label of their own in metrics. Users who create Pods choose
 * all other hosts, and could make labels without limit.
 */
const labelOf = (host: string, access: RegistryAccess): string =>
  access.settingsOf(host).configured === true ? host : 'other';

const countScan = ({ outcome, milliseconds, list }: ScanEnd, { metrics }: Telemetry): void => {
  metrics.count('scans', { outcome });
  if (outcome !== 'dropped') metrics.scanTook(milliseconds / 1000);
  for (const { kind } of list?.gaps ?? []) metrics.count('gaps', { kind });
};

/** Registry access of the running gate. A row that cannot work is reported at the start, not at the first pull. */
export const openEvidence = (
  setting: EvidenceSetting,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): Result<ServedEvidence, readonly string[]> => {
  const { config, configFile, workers, trustRoots, advisories, pullSecrets } = setting;
  const live = loadLiveRegistries(config);
  const cloud = readCloudEnvironment(config.cloudIdentities.value);
  if (!live.ok) return fail(live.error.map(describeConfigProblem));
  if (!cloud.ok) return fail(cloud.error);
  const bytes = config.evidenceCache.value;
  const access: RegistryAccess = createRegistryAccess({
    registries: live.value.registries,
    defaults: live.value.defaults,
    cloud: cloud.value,
    proxy: proxyOf(config),
    content: {
      maxMemoryBytes: config.evidenceMemory.value,
      maxDiskBytes: bytes,
      ...(bytes > 0 ? { directory: join(config.data.value, 'content') } : {}),
      onProblem: (problem) => telemetry.log.warn('content is kept in memory only', { problem }),
    },
    advisories,
    scan: {
      worker: workers.catalog,
      bounds: config.scan.value,
      givesWay: true,
      store: setting.packageLists,
      onEnd: (end) => countScan(end, telemetry),
    },
    pullSecrets: config.pullSecrets.value ? pullSecrets : undefined,
    verification: {
      worker: workers.verify,
      trustRoots,
      observer: {
        candidate: (form, outcome) => telemetry.metrics.count('candidates', { form, outcome }),
        took: (stage, milliseconds) => telemetry.metrics.signatureStage(stage, milliseconds / 1000),
      },
      onTimeout: () => telemetry.metrics.count('verifyTimeouts'),
    },
    onAsked: ({ host, code, milliseconds }) =>
      telemetry.metrics.registryAsked(labelOf(host, access), code, milliseconds / 1000),
  });
  lifecycle.add(() => access.close());
  telemetry.metrics.onScrape(() => {
    telemetry.metrics.set('verifyBusy', access.verifying());
    telemetry.metrics.set('scansWaiting', access.scansWaiting());
  });
  let sources = sourcesOf(live.value);
  const onChange = (next: LiveRegistries): void => {
    access.reconfigure(next.registries, next.defaults);
    sources = sourcesOf(next);
    setting.onFeeds(next.feeds, next.defaults);
  };
  if (configFile !== undefined)
    follow({ path: configFile, first: live.value, onChange }, telemetry, lifecycle);
  return ok({ access, eventSources: () => sources });
};
