import type { Clock } from '../../../concurrency/clock.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { metadataOf, objectName } from '../../../core/workload/object-metadata.ts';
import type { ApiClient } from '../client/client.ts';
import {
  gatekeeperConfigsResource,
  constraintTemplatesResource,
  constraintsResource,
} from '../client/resource.ts';
import { createBatch } from '../watch/batch.ts';
import type { WatchTarget } from '../watch/list.ts';
import type { WatchOptions, WatchSink, WatchState, WatchTiming } from '../watch/options.ts';
import { createWatch, type Watch } from '../watch/watch.ts';

/** Where templates, constraints and the Config go. What a template means is not known here. */
export interface ConstraintSink {
  replaceTemplates(all: readonly JsonObject[]): void;
  putTemplate(object: JsonObject): void;
  deleteTemplate(name: string): void;
  replaceConstraints(kind: string, all: readonly JsonObject[]): void;
  putConstraint(kind: string, object: JsonObject): void;
  deleteConstraint(kind: string, name: string): void;
  /** The object `config`; `undefined`: there is none. */
  configure(config: JsonObject | undefined): void;
  /** The kinds of constraints that templates make. */
  kinds(): ReadonlySet<string>;
}

interface ConstraintObjectsOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** The namespace of the Config. */
  readonly namespace: string;
  readonly sink: ConstraintSink;
  /** Something changed, or was listed for the first time; many events make one call. */
  readonly onChange: () => void;
  /** The cluster does not know a kind of constraints. */
  readonly onMissingKind: (kind: string) => void;
}

export interface ConstraintObjects {
  start(): void;
  /** `undefined`: everything was listed; else why not. */
  whyNotListed(): string | undefined;
  /** A list is under way of which nothing is known yet: what it will hold may be in force already. */
  isListing(): boolean;
  /** The watches that are out of touch, the first of them. */
  stale(): WatchState | undefined;
  /** Looks again at once: the CRD of the kind was made. */
  refresh(kind: string): void;
  close(): Promise<void>;
}

/** What nobody looks at is not kept. */
const slim = (object: JsonObject): JsonObject => {
  const { managedFields, ...metadata } = metadataOf(object);
  return managedFields === undefined ? object : { ...object, metadata };
};

/** A kind that the cluster does not know has no objects. */
const isListed = ({ synced, lastError }: WatchState): boolean => synced || lastError?.status === 404;

/** A CRD is served some hundred milliseconds after it was made. */
const kindTiming: Partial<WatchTiming> = { firstRetry: 250, lastRetry: 10_000 };

/** Makes functions that take something and then do this. */
const andThen =
  (next: () => void) =>
  <A>(take: (given: A) => void) =>
  (given: A): void => {
    take(given);
    next();
  };

type Open = (
  target: WatchTarget,
  sink: WatchSink<JsonObject>,
  more: Pick<WatchOptions<JsonObject>, 'timing' | 'onState'>,
) => Watch;

/** Opens watches, each of whose events is told of. */
const createOpen =
  ({ client, clock }: Pick<ConstraintObjectsOptions, 'client' | 'clock'>, later: () => void): Open =>
  (target, to, more) => {
    const then = andThen(later);
    const sink = {
      replace: then((all: readonly JsonObject[]) => to.replace(all)),
      upsert: then((one: JsonObject) => to.upsert(one)),
      delete: then((one: JsonObject) => to.delete(one)),
    };
    return createWatch<JsonObject>({ client, clock, target, read: slim, sink, ...more });
  };

/** A watch of the constraints of each kind that a template makes. */
const createKindWatches = (
  { sink, onMissingKind }: Pick<ConstraintObjectsOptions, 'sink' | 'onMissingKind'>,
  open: Open,
  later: () => void,
) => {
  const kinds = new Map<string, Watch>();
  const closing: Promise<void>[] = [];
  const openKind = (kind: string): void => {
    const onState = (state: WatchState): void => {
      if (state.lastError === undefined || kinds.get(kind) !== watch) return;
      // Constraints that were known stay: a 404 that passes must not open what they close. The next list says what is left.
      if (state.lastError.status === 404) onMissingKind(kind);
      later();
    };
    const watch = open(
      { resource: constraintsResource(kind.toLowerCase()) },
      {
        replace: (all) => sink.replaceConstraints(kind, all),
        upsert: (one) => sink.putConstraint(kind, one),
        delete: (one) => sink.deleteConstraint(kind, objectName(one)),
      },
      { timing: kindTiming, onState },
    );
    kinds.set(kind, watch);
    watch.start();
  };
  const closeKind = (kind: string): void => {
    const watch = kinds.get(kind);
    kinds.delete(kind);
    if (watch !== undefined) closing.push(watch.close());
  };
  return {
    follow: (): void => {
      const wanted = sink.kinds();
      for (const kind of kinds.keys()) if (!wanted.has(kind)) closeKind(kind);
      for (const kind of wanted) if (!kinds.has(kind)) openKind(kind);
    },
    refresh: (kind: string): void => {
      closeKind(kind);
      if (sink.kinds().has(kind)) openKind(kind);
    },
    all: (): readonly (readonly [string, Watch])[] => [...kinds],
    close: async (): Promise<void> => {
      for (const kind of kinds.keys()) closeKind(kind);
      await Promise.all(closing);
    },
  };
};

/** Watches templates, the Config, and constraints of each kind that a template makes. */
export const createConstraintObjects = (options: ConstraintObjectsOptions): ConstraintObjects => {
  const { namespace, sink, onChange } = options;
  const batch = createBatch(onChange, options);
  const open = createOpen(options, batch.later);
  const kinds = createKindWatches(options, open, batch.later);
  const thenFollow = andThen(kinds.follow);
  const templates = open(
    { resource: constraintTemplatesResource },
    {
      replace: thenFollow((all) => sink.replaceTemplates(all)),
      upsert: thenFollow((one) => sink.putTemplate(one)),
      delete: thenFollow((one) => sink.deleteTemplate(objectName(one))),
    },
    { onState: batch.later },
  );
  // One namespace and one name: a Config elsewhere, which a tenant may write, says nothing.
  const isConfig = (one: JsonObject): boolean => objectName(one) === 'config';
  const config = open(
    { resource: gatekeeperConfigsResource, namespace, fieldSelector: 'metadata.name=config' },
    {
      replace: (all) => sink.configure(all.find(isConfig)),
      upsert: (one) => (isConfig(one) ? sink.configure(one) : undefined),
      delete: (one) => (isConfig(one) ? sink.configure(undefined) : undefined),
    },
    { onState: batch.later },
  );
  const states = (): readonly (readonly [string, WatchState])[] =>
    [['templates', templates] as const, ['Config', config] as const, ...kinds.all()].map(
      ([what, watch]) => [what, watch.state()] as const,
    );

  return {
    start: () => {
      templates.start();
      config.start();
    },
    whyNotListed: () => {
      const waiting = states().find(([, state]) => !isListed(state));
      return waiting === undefined
        ? undefined
        : `${waiting[0]}: ${waiting[1].lastError?.message ?? 'not listed yet'}`;
    },
    isListing: () => states().some(([, state]) => !state.synced && state.lastError === undefined),
    stale: () =>
      states()
        .map(([, state]) => state)
        .find((state) => state.staleSince !== undefined && (state.synced || !isListed(state))),
    refresh: kinds.refresh,
    close: async () => {
      batch.cancel();
      await Promise.all([templates.close(), config.close(), kinds.close()]);
      batch.cancel();
    },
  };
};
