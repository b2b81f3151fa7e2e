import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../concurrency/clock.ts';
import { ok, type Result } from '../../../core/result.ts';
import { createNamespaceCache } from '../../../concurrency/cache/namespace-cache.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiProblem } from '../client/problem.ts';
import { eventsResource } from '../client/resource.ts';
import { type EventNote, eventMessage } from './note.ts';
import type { InvolvedObject } from './owner.ts';

/** An Event that was written and can be counted up. */
interface Series {
  readonly namespace: string;
  readonly name: string;
  readonly count: number;
  readonly until: number;
}

export interface EventWriter {
  /** Writes a note that came `times` times: a new Event, or a higher count of the existing one. */
  write(
    note: EventNote,
    about: InvolvedObject,
    times: number,
    signal: AbortSignal,
  ): Promise<Result<'new' | 'counted', ApiProblem>>;
}

/** The API server forgets Events after an hour; each write begins that hour anew. */
const maxSeriesAge = 30 * 60_000;
const maxRemembered = { namespaces: 256, entries: 128 };

export const createEventWriter = (client: ApiClient, clock: Clock, instance: string): EventWriter => {
  const all = createNamespaceCache<Series>(maxRemembered);
  return {
    write: async (note, about, times, signal) => {
      const lane = about.namespace ?? '';
      const key = JSON.stringify([about, note.reason, note.text]);
      const remember = (series: Omit<Series, 'until'>): void =>
        all.set(lane, key, { ...series, until: clock.monotonic() + maxSeriesAge });
      const now = new Date(clock.now()).toISOString().replace(/\.\d{3}Z$/, 'Z');
      const series = all.get(lane, key);
      if (series !== undefined && series.until > clock.monotonic()) {
        const { namespace, name } = series;
        const count = series.count + times;
        const body = { count, lastTimestamp: now, message: eventMessage(note) };
        const patched = await client.request(
          { verb: 'patch', resource: eventsResource, namespace, name, body },
          signal,
        );
        if (patched.ok) remember({ namespace, name, count });
        // 404: the Event is forgotten already, a new one begins.
        if (patched.ok || patched.error.status !== 404) return patched.ok ? ok('counted') : patched;
      }
      const body = eventOf(note, about, { now, times, instance });
      const { namespace, name } = body.metadata;
      const created = await client.request(
        { verb: 'create', resource: eventsResource, namespace, body },
        signal,
      );
      if (!created.ok) return created;
      remember({ namespace, name, count: times });
      return ok('new');
    },
  };
};

const eventOf = (
  note: EventNote,
  about: InvolvedObject,
  when: { readonly now: string; readonly times: number; readonly instance: string },
) => {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: eventName(about.name),
      // The API server demands the namespace `default` for Events about cluster-scoped objects.
      namespace: about.namespace ?? 'default',
    },
    involvedObject: about,
    type: note.type,
    reason: note.reason,
    message: eventMessage(note),
    source: { component: 'imagegate', host: when.instance },
    reportingComponent: 'imagegate',
    reportingInstance: when.instance,
    firstTimestamp: when.now,
    lastTimestamp: when.now,
    count: when.times,
  };
};

/** A DNS subdomain from a name that may come from a request. */
const eventName = (name: string): string => {
  const clean = name
    .slice(0, 200)
    .toLowerCase()
    .replaceAll(/[^a-z\d.-]/g, '-')
    .split('.')
    .map((label) =>
      label
        .split('-')
        .filter((part) => part !== '')
        .join('-'),
    )
    .filter((label) => label !== '')
    .join('.');
  return `${clean === '' ? 'object' : clean}.${randomBytes(8).toString('hex')}`;
};
