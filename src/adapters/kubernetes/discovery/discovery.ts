import { sleep } from '../../../concurrency/abort.ts';
import type { Clock } from '../../../concurrency/clock.ts';
import { mapLimit } from '../../../concurrency/map-limit.ts';
import { oneAtATime } from '../../../concurrency/single-flight.ts';
import { ok, type Result } from '../../../core/result.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { objectName } from '../../../core/workload/object-metadata.ts';
import type { ServedResource } from '../../../install/doors/demand.ts';
import type { ApiClient } from '../client/client.ts';
import { tellThrown, type ApiProblem } from '../client/problem.ts';
import { customResourceDefinitionsResource } from '../client/resource.ts';
import { createBatch } from '../watch/batch.ts';
import { createWatch, type Watch } from '../watch/watch.ts';
import {
  maxResources,
  readAggregated,
  readGroups,
  readResources,
  type GroupVersion,
  type ServedVersion,
} from './discovery-document.ts';

/** What the API server serves, or why that is not known. */
export type ServedResources =
  | { readonly state: 'unknown'; readonly why: string }
  | {
      readonly state: 'known';
      readonly resources: readonly ServedResource[];
      /** Groups in versions that could not be read now; what was known of them stays. */
      readonly unread: readonly string[];
      /** Groups of which a version was never read. `*`: there are more resources than are kept. */
      readonly unknownGroups: readonly string[];
    };

interface DiscoveryOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** What is served changed, or was read for the first time. */
  readonly onChange: () => void;
  readonly onProblem: (problem: ApiProblem) => void;
  /** Milliseconds between two readings. */
  readonly every?: number;
  /** Milliseconds for which what is no longer named stays known. */
  readonly keep?: number;
}

export interface Discovery {
  start(): void;
  current(): ServedResources;
  close(): Promise<void>;
}

const readEvery = 30_000;
const readWithin = 20_000;
/** Milliseconds after a CRD came: a resource is served a moment after its definition. */
const afterDefinition = [500, 3_000] as const;
/**
 * Milliseconds for which what is no longer named stays known. An API server that starts names custom kinds a moment after it
 * answers: rules must not follow that. A rule for what is gone asks about nothing.
 */
const keepGone = 60_000;
/** One more is read, so that a cut is noticed. */
const maxVersions = 2_000;
const inParallel = 8;

const aggregated = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(',');

const keyOf = ({ group, version }: GroupVersion): string => (group === '' ? version : `${group}/${version}`);

const readOne = (
  client: ApiClient,
  path: string,
  signal: AbortSignal,
): Promise<Result<JsonObject, ApiProblem>> =>
  client.request(
    {
      verb: 'get',
      resource: { group: '', version: '', resource: path },
      discovery: { path, accept: `${aggregated},application/json` },
    },
    signal,
  );

/** All of `/api` or of `/apis`: by one request where the API server can, else by one for each group and version. */
const readRoot = async (
  client: ApiClient,
  root: '/api' | '/apis',
  signal: AbortSignal,
): Promise<Result<readonly ServedVersion[], ApiProblem>> => {
  const document = await readOne(client, root, signal);
  if (!document.ok) return document;
  const all = readAggregated(document.value);
  if (all !== undefined) return ok(all.slice(0, maxVersions + 1));
  const groups = readGroups(document.value).slice(0, maxVersions + 1);
  return ok(
    await mapLimit(groups, inParallel, async (one) => {
      const found = await readOne(client, `${root}/${keyOf(one)}`, signal);
      return { ...one, resources: found.ok ? readResources(one, found.value) : undefined };
    }),
  );
};

const resourceKey = ({ group, resource, subresource, objectGroup, kind }: ServedResource): string =>
  [group, resource, subresource, objectGroup, kind].join(' ');

/** Each resource once, with all versions that serve it. */
const merged = (
  served: Iterable<ServedResource>,
): { readonly resources: readonly ServedResource[]; readonly isCut: boolean } => {
  const resources = new Map<string, ServedResource>();
  let isCut = false;
  for (const one of served) {
    const key = resourceKey(one);
    const known = resources.get(key);
    if (known === undefined && resources.size >= maxResources) isCut = true;
    else
      resources.set(key, {
        ...one,
        versions: [...new Set([...(known?.versions ?? []), ...one.versions])].sort(),
      });
  }
  return { resources: [...resources].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one), isCut };
};

/** What is served, with what was served a moment ago. */
const rememberLately = (clock: Clock, keep: number) => {
  const named = new Map<string, { readonly one: ServedResource; readonly at: number }>();
  return (served: readonly ServedResource[]): Iterable<ServedResource> => {
    const at = clock.monotonic();
    for (const one of served) named.set(`${resourceKey(one)} ${one.versions.join()}`, { one, at });
    // Attack: an API service with other names at every reading. What is gone has no place then.
    const kept = named.size > maxResources ? 0 : keep;
    for (const [key, { at: last }] of named) if (at - last > kept) named.delete(key);
    return [...named.values()].map(({ one }) => one);
  };
};

/** Tells of CRDs that come and go. Without the right to watch them, only the clock does. */
const watchDefinitions = (
  { client, clock }: Pick<DiscoveryOptions, 'client' | 'clock'>,
  onChange: () => void,
): Watch => {
  const seen = new Set<string>();
  return createWatch<string>({
    client,
    clock,
    target: { resource: customResourceDefinitionsResource, metadataOnly: true },
    read: (object) => objectName(object),
    sink: {
      replace: (all) => {
        const isNew = all.some((name) => !seen.has(name));
        seen.clear();
        for (const name of all) seen.add(name);
        if (isNew) onChange();
      },
      upsert: (name) => {
        if (seen.has(name)) return;
        seen.add(name);
        onChange();
      },
      delete: (name) => {
        seen.delete(name);
        onChange();
      },
    },
  });
};

/** Everything that is served now; a failure of one root is one of the whole. */
const readAll = async (
  client: ApiClient,
  signal: AbortSignal,
): Promise<Result<readonly ServedVersion[], ApiProblem>> => {
  const [core, groups] = await Promise.all([
    readRoot(client, '/api', signal),
    readRoot(client, '/apis', signal),
  ]);
  if (!core.ok) return core;
  return groups.ok ? ok([...core.value, ...groups.value]) : groups;
};

/**
 * Keeps what the API server serves: which resources and subresources hold objects of which kind. Everybody who is
 * authenticated may read it. A group that cannot be read keeps what was known of it.
 */
export const createDiscovery = (options: DiscoveryOptions): Discovery => {
  const { client, clock, onChange, onProblem, every = readEvery, keep = keepGone } = options;
  const closing = new AbortController();
  let current: ServedResources = { state: 'unknown', why: 'not read yet' };
  let versions = new Map<string, readonly ServedResource[]>();
  const lately = rememberLately(clock, keep);

  const take = (found: readonly ServedVersion[]): ServedResources => {
    const unread = found.filter(({ resources }) => resources === undefined);
    const never = unread.filter((one) => !versions.has(keyOf(one)));
    versions = new Map(
      found
        .map((one) => [keyOf(one), one.resources ?? versions.get(keyOf(one))] as const)
        .filter((one): one is [string, readonly ServedResource[]] => one[1] !== undefined),
    );
    const { resources, isCut } = merged(lately([...versions.values()].flat()));
    const isPart = isCut || found.length > maxVersions;
    return {
      state: 'known',
      resources,
      unread: unread.map(keyOf),
      unknownGroups: [...new Set([...(isPart ? ['*'] : []), ...never.map(({ group }) => group)])].sort(),
    };
  };
  const read = async (): Promise<void> => {
    const found = await readAll(client, AbortSignal.any([closing.signal, AbortSignal.timeout(readWithin)]));
    if (closing.signal.aborted) return;
    if (!found.ok) onProblem(found.error);
    // What was known stays: a reading that fails must not close or open anything.
    if (!found.ok && current.state === 'known') return;
    const before = JSON.stringify(current);
    current = found.ok ? take(found.value) : { state: 'unknown', why: found.error.message };
    if (JSON.stringify(current) !== before) onChange();
  };
  const look = oneAtATime(() => read().catch(tellThrown('the reading of discovery', onProblem)));

  const soon = createBatch(
    () => {
      for (const delay of afterDefinition)
        void sleep(delay, closing.signal, false).then(() => (closing.signal.aborted ? undefined : look()));
    },
    { clock },
  );
  const definitions = watchDefinitions(options, soon.later);
  let timer: NodeJS.Timeout | undefined;
  return {
    start: () => {
      void look();
      timer = setInterval(() => void look(), every);
      timer.unref();
      definitions.start();
    },
    current: () => current,
    close: async () => {
      closing.abort();
      clearInterval(timer);
      soon.cancel();
      await definitions.close();
    },
  };
};
