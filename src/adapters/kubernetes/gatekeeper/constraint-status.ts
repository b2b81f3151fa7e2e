import { isDeepStrictEqual } from 'node:util';
import { sleep } from '../../../concurrency/abort.ts';
import type { Clock } from '../../../concurrency/clock.ts';
import { createTokenBucket, waitForPermit } from '../../../concurrency/rate-limit.ts';
import { objectOf, objectsIn, textOf, type JsonObject } from '../../../core/text/json/json.ts';
import { metadataOf, objectName } from '../../../core/workload/object-metadata.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiProblem } from '../client/problem.ts';
import type { ApiResource } from '../client/resource.ts';
import { createHolderLoop, type HolderLoop } from '../resources/holder-loop.ts';

/** What the status of a template or of a constraint is to say. */
export interface WantedStatus {
  readonly resource: ApiResource;
  /** The object as the cluster holds it. */
  readonly object: JsonObject;
  /** Fields of the status; others stay. `byPod` holds one entry, ours. */
  readonly status: JsonObject;
}

interface ConstraintStatusOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** Only the Lease holder writes (R15). */
  readonly isHolder: () => boolean;
  readonly wanted: () => readonly WantedStatus[];
  /** Somebody else writes into the same statuses, or no longer does. */
  readonly onForeignWriter: (isThere: boolean) => void;
  readonly onProblem: (problem: ApiProblem) => void;
}

/** Milliseconds: who puts entries back twice within the first is left alone for the second. */
const foreign = { within: 60_000, pause: 10 * 60_000, drops: 2 };

const keyOf = ({ resource, object }: WantedStatus): string => `${resource.resource} ${objectName(object)}`;
const versionOf = ({ object }: WantedStatus): string => {
  const { uid, resourceVersion } = metadataOf(object);
  return `${textOf(uid)} ${textOf(resourceVersion)}`;
};

const isSaid = ({ object, status }: WantedStatus): boolean => {
  const found = objectOf(object['status']);
  return Object.entries(status).every(([name, value]) => isDeepStrictEqual(found[name], value));
};

const hasForeignEntries = ({ object, status }: WantedStatus): boolean => {
  const idsOf = (value: unknown): readonly string[] => objectsIn(value).map(({ id }) => textOf(id));
  const ours = new Set(idsOf(status['byPod']));
  return idsOf(objectOf(object['status'])['byPod']).some((id) => !ours.has(id));
};

const keep = (map: Map<string, unknown>, keys: ReadonlySet<string>): void => {
  for (const key of map.keys()) if (!keys.has(key)) map.delete(key);
};

/** Entries that others write into the same statuses: dropped, until they come back too often. */
const createContest = (
  { clock, onForeignWriter }: Pick<ConstraintStatusOptions, 'clock' | 'onForeignWriter'>,
  wake: () => void,
) => {
  const closing = new AbortController();
  /** When entries of somebody else were dropped. */
  const drops = new Map<string, readonly number[]>();
  let pausedUntil = 0;
  return {
    isPaused: (): boolean => {
      if (clock.monotonic() < pausedUntil) return true;
      if (pausedUntil > 0) {
        pausedUntil = 0;
        onForeignWriter(false);
      }
      return false;
    },
    /** Attack on the API server: two controllers that undo what the other one wrote, for ever. */
    isFight: (one: WantedStatus): boolean => {
      if (!hasForeignEntries(one)) return false;
      const now = clock.monotonic();
      const recent = (drops.get(keyOf(one)) ?? []).filter((time) => now - time < foreign.within);
      if (recent.length < foreign.drops) return false;
      pausedUntil = now + foreign.pause;
      drops.clear();
      onForeignWriter(true);
      // Nothing else may happen meanwhile that would wake it. A timer may be some milliseconds early by this clock.
      void sleep(foreign.pause + 1000, closing.signal, false).then(wake);
      return true;
    },
    written: (one: WantedStatus): void => {
      const times = [...(drops.get(keyOf(one)) ?? []), clock.monotonic()];
      if (hasForeignEntries(one)) drops.set(keyOf(one), times.slice(-foreign.drops));
    },
    keep: (keys: ReadonlySet<string>): void => keep(drops, keys),
    close: (): void => closing.abort(),
  };
};

/**
 * Keeps the statuses of templates and constraints in the shape of Gatekeeper. It writes only what differs, so its own
 * writes, which come back by the watch, cause no further work.
 */
export const createConstraintStatus = (options: ConstraintStatusOptions): HolderLoop => {
  const { client, clock, isHolder, onProblem } = options;
  const rate = createTokenBucket({ perSecond: 10, burst: 50 }, clock);
  const contest = createContest(options, () => loop.wake());
  /** Versions from which we have written: until the watch shows a newer one there is nothing to add. */
  const written = new Map<string, string>();

  const write = async (one: WantedStatus, signal: AbortSignal): Promise<boolean> => {
    const { resource, object, status } = one;
    const { resourceVersion } = metadataOf(object);
    const answer = await client.request(
      {
        verb: 'patch',
        resource,
        name: objectName(object),
        subresource: 'status',
        // The version makes it fail (409) when anything changed since the object was judged.
        body: { metadata: { resourceVersion }, status },
      },
      signal,
    );
    if (answer.ok) contest.written(one);
    if (answer.ok || answer.error.status === 404 || answer.error.status === 409) {
      // 404: it is gone; 409: a newer one is on its way by the watch.
      written.set(keyOf(one), versionOf(one));
      return true;
    }
    if (!signal.aborted) onProblem(answer.error);
    return false;
  };

  const round = async (signal: AbortSignal): Promise<boolean> => {
    if (contest.isPaused()) return true;
    const all = options.wanted();
    const keys = new Set(all.map(keyOf));
    keep(written, keys);
    contest.keep(keys);
    let settled = true;
    for (const one of all) {
      if (isSaid(one) || written.get(keyOf(one)) === versionOf(one)) continue;
      if (contest.isFight(one)) return true;
      if (!(await waitForPermit(rate, signal)) || !isHolder()) return true;
      if (!(await write(one, signal))) settled = false;
    }
    return settled;
  };
  const loop = createHolderLoop({ isHolder, round, what: 'the writing of statuses', onProblem });
  return {
    ...loop,
    close: () => {
      contest.close();
      return loop.close();
    },
  };
};
