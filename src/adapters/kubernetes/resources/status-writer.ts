import type { Clock } from '../../../concurrency/clock.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import type { ApiProblem } from '../client/problem.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiResource } from '../client/resource.ts';
import type { ObjectVerdict } from './revision-store.ts';
import { createTokenBucket, waitForPermit } from '../../../concurrency/rate-limit.ts';
import { createHolderLoop, type HolderLoop } from './holder-loop.ts';

interface StatusOptions {
  readonly client: ApiClient;
  /** Whose statuses are written. */
  readonly resource: ApiResource;
  readonly clock: Clock;
  /** Only the Lease holder writes (R15). */
  readonly isHolder: () => boolean;
  readonly verdicts: () => readonly ObjectVerdict[];
  readonly onProblem?: (problem: ApiProblem) => void;
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  /** Milliseconds before what failed is tried again; grows to 60 s. */
  readonly firstRetry?: number;
}

export interface StatusWriter extends HolderLoop {
  counts(): { readonly written: number; readonly failed: number };
}

/**
 * Keeps the condition `Accepted` of every object equal to its verdict. It has no queue: it compares actual and
 * wanted conditions until both agree. So its own writes, which come back by the watch, cause no further work.
 */
export const createStatusWriter = (options: StatusOptions): StatusWriter => {
  const { isHolder, onProblem, firstRetry } = options;
  const counts = { written: 0, failed: 0 };
  const writer = createWriter(options, counts);
  const loop = createHolderLoop({
    isHolder,
    round: writer.round,
    what: 'the writing of statuses',
    onThrow: () => void (counts.failed += 1),
    onProblem,
    firstRetry,
  });
  return { ...loop, counts: () => ({ ...counts }) };
};

const createWriter = (options: StatusOptions, counts: { written: number; failed: number }) => {
  const rate = createTokenBucket(options.rate ?? { perSecond: 10, burst: 20 }, options.clock);
  /** Versions from which we have written: until the watch shows a newer one there is nothing to add. */
  const written = new Map<string, string>();

  const write = async (verdict: ObjectVerdict, signal: AbortSignal): Promise<boolean> => {
    const answer = await options.client.request(
      {
        verb: 'patch',
        resource: options.resource,
        name: verdict.name,
        subresource: 'status',
        // The version makes it fail (409) when anything changed since the object was judged.
        body: {
          metadata: { resourceVersion: verdict.resourceVersion },
          status: { conditions: conditionsFor(verdict, options.clock.now()) },
        },
      },
      signal,
    );
    if (answer.ok) counts.written += 1;
    // 404: deleted, or the status subresource is missing from an old CRD. Nothing to write to.
    if (answer.ok || answer.error.status === 404) {
      written.set(verdict.name, versionOf(verdict));
      return true;
    }
    if (answer.error.status !== 409 && !signal.aborted) {
      counts.failed += 1;
      options.onProblem?.(answer.error);
    }
    return false;
  };

  return {
    /** True when everything that had to be written was written. */
    round: async (signal: AbortSignal): Promise<boolean> => {
      let settled = true;
      const verdicts = options.verdicts();
      const names = new Set(verdicts.map((verdict) => verdict.name));
      for (const name of written.keys()) if (!names.has(name)) written.delete(name);
      for (const verdict of verdicts) {
        if (isSaid(verdict) || written.get(verdict.name) === versionOf(verdict)) continue;
        if (!(await waitForPermit(rate, signal)) || !options.isHolder()) return true;
        if (!(await write(verdict, signal))) settled = false;
      }
      return settled;
    },
  };
};

const versionOf = (verdict: ObjectVerdict): string => `${verdict.uid} ${verdict.resourceVersion}`;

const statusOf = (verdict: ObjectVerdict): string => (verdict.accepted ? 'True' : 'False');

const accepted = (verdict: ObjectVerdict): JsonObject | undefined =>
  verdict.conditions.find((condition) => condition['type'] === 'Accepted');

/** Whether the cluster already says what we would write. */
const isSaid = (verdict: ObjectVerdict): boolean => {
  const said = accepted(verdict);
  return (
    said?.['status'] === statusOf(verdict) &&
    said['reason'] === verdict.reason &&
    said['message'] === verdict.message &&
    said['observedGeneration'] === verdict.generation
  );
};

/** Conditions of others stay; the transition time stays while the status does. */
const conditionsFor = (verdict: ObjectVerdict, now: number): JsonObject[] => {
  const said = accepted(verdict);
  const since = said?.['status'] === statusOf(verdict) ? said['lastTransitionTime'] : undefined;
  const others = verdict.conditions.filter((condition) => condition['type'] !== 'Accepted');
  return [
    ...others,
    {
      type: 'Accepted',
      status: statusOf(verdict),
      reason: verdict.reason,
      message: verdict.message,
      observedGeneration: verdict.generation,
      lastTransitionTime: typeof since === 'string' ? since : rfc3339(now),
    },
  ];
};

const rfc3339 = (time: number): string => new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z');
