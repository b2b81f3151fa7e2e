import { createCloudIdentities, type CloudSettings } from '../adapters/cloud-identity/identities.ts';
import { createImageCataloger, type ImageCataloger } from '../adapters/catalog/image-cataloger.ts';
import { createContentStore, type ContentStoreOptions } from '../adapters/content/content.ts';
import type { CredentialHelpers } from '../adapters/docker-config/credential-helper.ts';
import { createRegistryFiles } from '../adapters/docker-config/configured-files.ts';
import { createRegistry } from '../adapters/registry/client/client.ts';
import { createProxies, type ProxySettings } from '../adapters/registry/network/proxy.ts';
import { defaultSettings, type RegistrySettings } from '../adapters/registry/settings.ts';
import type { HttpAnswer, RegistryHttp } from '../adapters/registry/http/http.ts';
import { createRegistryHttp } from '../adapters/registry/http/transport.ts';
import type { ScanBounds } from '../config/values/scan-bounds.ts';
import type { LoadedDefaults, LoadedRegistry } from '../config/registries/registry-files.ts';
import { dockerHub } from '../core/image/registry-host.ts';
import { configuredInOrder, type ConfiguredCredentials } from '../evidence/credential/configured.ts';
import { createKeychain } from '../evidence/credential/keychain.ts';
import { createEvidence, type Evidence } from '../evidence/gather.ts';
import { createAttestationProvider } from '../evidence/attestation/attestation-provider.ts';
import type { ClaimObserver } from '../evidence/candidate/claim-observer.ts';
import type { ClaimSources } from '../evidence/candidate/claim-provider.ts';
import { createSignatureProvider } from '../evidence/signature/signature-provider.ts';
import type { CreateProvider } from '../evidence/provider.ts';
import {
  createVulnerabilityProvider,
  type VulnerabilitySources,
} from '../evidence/vulnerability/vulnerability-provider.ts';
import type { TrustRoots } from '../evidence/trust/trust-root.ts';
import { createWorkerVerifier } from '../adapters/verify-worker/worker-verifier.ts';
import { createImageProvider } from '../evidence/image/image-provider.ts';
import type { Advisories, Keychain, PackageLists, PullSecrets, Registry } from '../evidence/ports.ts';
import { createKnownLists } from '../evidence/vulnerability/known-lists.ts';
import { createScanJobs, type ScanEnd, type ScanJobs } from '../evidence/vulnerability/scan-jobs.ts';
import { systemClock } from '../concurrency/clock.ts';
import { createRegistryCataloger } from './catalog/registry-cataloger.ts';

/** `code`: the HTTP status, or the kind of failure. `milliseconds`: to the head of the answer. */
type Asked = (asked: { readonly host: string; readonly code: string; readonly milliseconds: number }) => void;

export interface RegistryAccessOptions {
  readonly registries: readonly LoadedRegistry[];
  /** Applies to every host. */
  readonly defaults?: LoadedDefaults;
  readonly cloud: CloudSettings;
  readonly proxy: ProxySettings;
  readonly content: ContentStoreOptions;
  /** Absent without a cluster, or when pull secrets were not switched on. */
  readonly pullSecrets?: PullSecrets | undefined;
  /** Called for each request to a registry or token server. */
  readonly onAsked?: Asked;
  /** What signatures, attestations and lists are verified with. Absent: none is looked for. */
  readonly verification?: {
    /** The program of the threads, see {@link WorkerPrograms}. */
    readonly worker: URL;
    /** Absent: there are none. */
    readonly trustRoots: TrustRoots;
    readonly observer?: ClaimObserver;
    /** Called when a candidate was not verified within its time. */
    readonly onTimeout?: () => void;
  };
  /** By which package lists are judged. Absent: none is looked for. */
  readonly advisories?: Advisories;
  readonly onLists?: VulnerabilitySources['onLists'];
  /** What looks into the layers of images. Absent: no layer is opened. */
  readonly scan?: {
    /** The program of the threads that read layers. */
    readonly worker: URL;
    readonly bounds: ScanBounds;
    /** Whether reviews go before the reading of layers where cores are few. */
    readonly givesWay?: boolean;
    /** Where lists outlive the process. */
    readonly store?: PackageLists | undefined;
    readonly onEnd?: (end: ScanEnd) => void;
    /** Puts something in front of what reads layers, which sees how far it comes. */
    readonly watch?: (images: ImageCataloger) => ImageCataloger;
  };
  /** The logins of the user of a command, and the helpers that keep them. `serve` has neither. */
  readonly user?: { readonly logins: ConfiguredCredentials; readonly helpers: CredentialHelpers };
}

/** Evidence, and the parts of it that commands use on their own. */
export interface RegistryAccess {
  readonly evidence: Evidence;
  readonly registry: Registry;
  readonly keychain: Keychain;
  /** The row of a host, or the defaults. */
  settingsOf(host: string): RegistrySettings;
  /** How many threads verify a candidate now. */
  verifying(): number;
  /** How many images wait to be looked into. */
  scansWaiting(): number;
  /** From now on registries are reached by these rows. Requests under way end with their former rows. */
  reconfigure(registries: readonly LoadedRegistry[], defaults?: LoadedDefaults): void;
  close(): Promise<void>;
}

type Rows = ReadonlyMap<string, RegistrySettings>;

/** A URL omits the default port of its scheme, so a row with that port must be found without it. */
const asInUrl = ({ host, plainHttp = false }: LoadedRegistry): string =>
  host.replace(plainHttp ? /:80$/ : /:443$/, '');

/** Authorities add up: the `caFile` of a row does not replace that of all hosts. */
const trusting = (settings: RegistrySettings, { ca: everywhere }: LoadedDefaults): RegistrySettings => {
  if (everywhere === undefined) return settings;
  return { ...settings, ca: everywhere + (settings.ca ?? ''), proxyCa: everywhere };
};

const settingsFrom = (registries: readonly LoadedRegistry[], defaults: LoadedDefaults): Rows => {
  const settings = (row: LoadedRegistry): RegistrySettings =>
    trusting({ ...defaultSettings(row.host), ...row, configured: true }, defaults);
  return new Map([
    ...registries.map((row) => [asInUrl(row), settings(row)] as const),
    ...registries.map((row) => [row.host, settings(row)] as const),
  ]);
};

/** Docker Hub counts as a configured host, so hosts that a tenant invents cannot use up its places (B9). */
const withoutRow = (host: string, defaults: LoadedDefaults): RegistrySettings =>
  trusting({ ...defaultSettings(host), ...(host === dockerHub.host ? { configured: true } : {}) }, defaults);

/**
 * Statuses that registries are known to send. Others are counted by their class: a registry could invent statuses,
 * and labels, without limit.
 */
const usual = new Set([
  200, 202, 206, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 429, 500, 502, 503, 504,
]);

const codeOf = (answer: HttpAnswer): string => {
  if (!answer.ok) return answer.error.kind;
  const { status } = answer.value;
  return usual.has(status) ? String(status) : `${String(Math.trunc(status / 100))}xx`;
};

/** Sends the same requests and reports each of them. */
export const observed = (http: RegistryHttp, onAsked: Asked): RegistryHttp => ({
  send: async (request) => {
    const began = systemClock.monotonic();
    const answer = await http.send(request);
    onAsked({ host: request.host, code: codeOf(answer), milliseconds: systemClock.monotonic() - began });
    return answer;
  },
  close: () => http.close(),
});

/** The providers of claims, and how to end the threads that verify for them. */
const openClaims = (verification: RegistryAccessOptions['verification']) => {
  if (verification === undefined)
    return { sources: undefined, providers: [], busy: () => 0, close: () => Promise.resolve() };
  const { worker, trustRoots, observer, onTimeout } = verification;
  const verifier = createWorkerVerifier({ program: worker, ...(onTimeout && { onTimeout }) });
  const sources = { verifier, trustRoots, ...(observer && { observer }) };
  const providers: readonly CreateProvider[] = [
    createSignatureProvider(sources),
    createAttestationProvider(sources),
  ];
  return { sources, providers, busy: () => verifier.busy(), close: () => verifier.close() };
};

/** What looks into images: each in a thread of its own. */
const openScans = (
  scan: RegistryAccessOptions['scan'],
  registry: Registry,
  hasRow: (host: string) => boolean,
): ScanJobs | undefined => {
  if (scan === undefined) return undefined;
  const { worker, store, onEnd, watch = (images) => images, givesWay = false } = scan;
  const { atOnce, time: timeMs, bytes, unpacked } = scan.bounds;
  return createScanJobs({
    cataloger: createRegistryCataloger(registry, watch(createImageCataloger(worker, { givesWay }))),
    lists: createKnownLists({ store, hasRow }),
    settings: { atOnce, timeMs, bytes, unpacked },
    clock: systemClock,
    ...(onEnd && { onEnd }),
  });
};

/** The provider of package lists, where advisories say what is wrong with them. */
const openLists = (
  { advisories, onLists }: RegistryAccessOptions,
  sources: ClaimSources | undefined,
  scans: ScanJobs | undefined,
): readonly CreateProvider[] =>
  advisories === undefined || sources === undefined
    ? []
    : [
        createVulnerabilityProvider({
          ...sources,
          advisories,
          ...(onLists && { onLists }),
          ...(scans && { scans }),
        }),
      ];

/** Wires registry, credentials and caches once, in the same way for `serve` and for the commands. */
export const createRegistryAccess = (options: RegistryAccessOptions): RegistryAccess => {
  const { proxy, user, cloud, pullSecrets } = options;
  let { registries, defaults = {} } = options;
  let rows = settingsFrom(registries, defaults);
  const settingsOf = (host: string): RegistrySettings => rows.get(host) ?? withoutRow(host, defaults);
  const sending = createRegistryHttp({ settingsOf, proxy, clock: systemClock });
  const http = options.onAsked === undefined ? sending : observed(sending, options.onAsked);
  const registry = createRegistry({ http, settingsOf, clock: systemClock });
  const proxies = createProxies(proxy);
  const logins = createRegistryFiles(() => registries, {
    clock: systemClock,
    ...(user === undefined ? {} : { helpers: user.helpers }),
  });
  const keychain = createKeychain({
    ...(pullSecrets === undefined ? {} : { pullSecrets }),
    configured: configuredInOrder(user === undefined ? [logins] : [logins, user.logins]),
    cloud: createCloudIdentities({
      settings: cloud,
      clock: systemClock,
      // Clouds are asked over https. The URL still contains the credentials of the proxy.
      proxyFor: (url) => {
        const found = proxies.proxyFor(url);
        return found.ok && found.value !== undefined ? proxy.httpsProxy : undefined;
      },
    }),
    clock: systemClock,
  });
  const content = createContentStore(options.content);
  const claims = openClaims(options.verification);
  const hasRow = (host: string): boolean => settingsOf(host).configured === true;
  const scans = openScans(options.scan, registry, hasRow);
  return {
    evidence: createEvidence({
      registry,
      keychain,
      content,
      clock: systemClock,
      providers: [createImageProvider, ...claims.providers, ...openLists(options, claims.sources, scans)],
      hasRow,
    }),
    registry,
    keychain,
    settingsOf,
    verifying: claims.busy,
    scansWaiting: () => scans?.waiting ?? 0,
    reconfigure: (next, nextDefaults = {}) => {
      registries = next;
      defaults = nextDefaults;
      rows = settingsFrom(next, nextDefaults);
    },
    close: async () => {
      await scans?.close();
      await http.close();
      await claims.close();
      await content.close();
    },
  };
};
