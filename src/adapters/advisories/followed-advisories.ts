import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { absent, known, unavailable, type Fact } from '../../core/facts/fact.ts';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { shown } from '../../core/text/shown-text.ts';
import { exploitedList, type AdvisoryText, type FeedTime } from '../../core/vulnerability/advisory.ts';
import { baseEcosystem } from '../../core/vulnerability/package.ts';
import { AdvisoriesUnreadable, type Advisories, type AdvisorySet } from '../../evidence/ports.ts';
import {
  closeGeneration,
  currentName,
  loadUsable,
  readAdvisoryTexts,
  type LoadedGeneration,
} from './advisory-folder.ts';
import { feedStatuses, tellFeeds, type FeedStatus } from './feed-status.ts';
import type { FolderFault } from './part-file.ts';
import { writeGeneration } from './generation.ts';

interface FollowOptions {
  /** Called once for each change that cannot be used. What was read before stays in force. */
  readonly onProblem?: (problem: string) => void;
  /** Called for each generation that was put in force, the first one too. */
  readonly onGeneration?: (set: AdvisorySet) => void;
  /** The last day of fixes by ecosystem, where it is another one than for everybody. */
  readonly endOfLife?: ReadonlyMap<string, string>;
  /** Whether anybody may ask for advisories; then they are read before somebody does. */
  readonly isWanted?: () => boolean;
  /** Milliseconds between looks at the folder; 0: it is read once. */
  readonly pollMs?: number;
}

export interface FollowedAdvisories extends Advisories {
  /** Begins to look at the folder: what it tells of its feeds is known then; advisories, if they are wanted, are read after it. */
  start(): Promise<void>;
  /** What is told of the feeds, whether their advisories were read or not. */
  statuses(): readonly FeedStatus[];
  /** What is the matter with those in force. */
  problem(): string | undefined;
  /** What advisories in force say in words, by their ids, for a person; or why that cannot be read. */
  texts(ids: ReadonlySet<string>): Promise<Result<ReadonlyMap<string, AdvisoryText>, string>>;
  /** Ends the looks at the folder. */
  close(): void;
}

const defaultPollMs = 1000;

const isExploitedList = ({ ecosystem }: FeedTime): boolean => ecosystem === exploitedList;

/** Of several lists of what is exploited the oldest says how old all of them are. */
const oldest = (feeds: readonly FeedTime[]): FeedTime | undefined =>
  feeds.toSorted((one, other) => Date.parse(one.asOf) - Date.parse(other.asOf))[0];

const setOf = (
  { name, generation, lookup, readers }: LoadedGeneration,
  endOfLife: ReadonlyMap<string, string> | undefined,
): AdvisorySet => {
  const times = generation.parts.map(({ feed, ecosystem, asOf }): FeedTime => ({ feed, ecosystem, asOf }));
  const exploited = oldest(times.filter(isExploitedList));
  return {
    generation: name,
    revision: writeGeneration(generation),
    feeds: times.filter((feed) => !isExploitedList(feed)),
    lookup,
    ...(endOfLife && { endOfLife }),
    speaksOf: (ecosystem) =>
      [...readers.values()].some(
        (reader) => reader.summary.ecosystem === baseEcosystem(ecosystem) && reader.speaksOf(ecosystem),
      ),
    ...(exploited === undefined
      ? {}
      : { exploited: { has: (cve) => lookup(exploitedList, cve).length > 0, feed: exploited } }),
  };
};

/** By what a change of the folder is noticed: the file of the generation is exchanged by a rename. */
const fingerprintOf = async (folder: string): Promise<string> => {
  try {
    const { ino, size, mtimeMs } = await stat(join(folder, currentName));
    return `${String(ino)} ${String(size)} ${String(mtimeMs)}`;
  } catch {
    return 'none';
  }
};

const faultText = ({ kind, why }: FolderFault): string => `${kind}: ${why}`;

const factOf = (fault: FolderFault): Fact<never> =>
  fault.kind === 'none' ? absent : unavailable('the advisories', shown(faultText(fault)));

/** How long reviews under way may look into parts that were exchanged, in milliseconds. */
const oldPartsTime = 120_000;

const isBroken = ({ readers }: LoadedGeneration): boolean =>
  [...readers.values()].some((reader) => reader.isBroken());

/** Closes the parts that the next generation does not have. */
const closeOld = (before: LoadedGeneration, next: LoadedGeneration): void => {
  for (const [digest, reader] of before.readers) if (next.readers.get(digest) !== reader) reader.close();
};

/** What is read of a folder, and what is the matter with it. */
const createHolder = (folder: string, { onProblem, onGeneration, endOfLife }: FollowOptions) => {
  let fact: Fact<AdvisorySet> | undefined;
  let loaded: LoadedGeneration | undefined;
  let told: readonly FeedStatus[] = [];
  let problem: string | undefined;
  const tell = (fault: FolderFault | undefined): void => {
    const found = fault === undefined || fault.kind === 'none' ? undefined : faultText(fault);
    if (found !== undefined && found !== problem) onProblem?.(found);
    problem = found;
  };
  const hold = (next: LoadedGeneration): void => {
    if (loaded !== undefined) setTimeout(closeOld, oldPartsTime, loaded, next).unref();
    loaded = next;
    told = feedStatuses(next);
    const set = setOf(next, endOfLife);
    fact = known(set);
    onGeneration?.(set);
  };
  return {
    fact: () => fact,
    statuses: () => told,
    problem: () => problem,
    /** Whether something that was read cannot be read any more. */
    isBroken: () => loaded !== undefined && isBroken(loaded),
    /** @returns what is the matter with the generation in force */
    read: async (): Promise<FolderFault | undefined> => {
      const usable = await loadUsable(folder, loaded);
      const fault = usable.ok ? usable.value.fault : usable.error;
      tell(fault);
      // What was good stays in force: it grows old, and its age is judged (V16).
      const staysGood = fault !== undefined && loaded !== undefined && !isBroken(loaded);
      if (!usable.ok) fact = staysGood ? fact : factOf(usable.error);
      else if (staysGood) closeOld(usable.value.loaded, loaded ?? usable.value.loaded);
      else hold(usable.value.loaded);
      return fault;
    },
    /** The same, where nobody asks for advisories. */
    readStatuses: async (): Promise<FolderFault | undefined> => {
      const { statuses, fault } = await tellFeeds(folder);
      tell(fault);
      // What was told of the last good ones stays, and grows old.
      if (fault === undefined || told.length === 0) told = statuses;
      return fault;
    },
    texts: async (ids: ReadonlySet<string>): Promise<Result<ReadonlyMap<string, AdvisoryText>, string>> => {
      if (loaded === undefined) return ok(new Map());
      try {
        const read = await readAdvisoryTexts(folder, loaded, ids);
        return read.ok ? read : fail(faultText(read.error));
      } catch (error) {
        if (error instanceof AdvisoriesUnreadable) return fail(error.message);
        throw error;
      }
    },
    close: () => {
      if (loaded !== undefined) closeGeneration(loaded);
    },
  };
};

/**
 * The advisories of a folder. They are read when somebody asks for the first time, so that a gate whose policies do not
 * ask for them holds none; from then on a swap is followed. Reviews under way end with those that they began with.
 */
export const followAdvisories = (folder: string, options: FollowOptions = {}): FollowedAdvisories => {
  const { onProblem, isWanted = () => false, pollMs = defaultPollMs } = options;
  const held = createHolder(folder, options);
  let seen: string | undefined;
  let first: Promise<void> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const tellDefect = (error: unknown): void => onProblem?.(messageOf(error));
  const look = async (mustRead: boolean): Promise<void> => {
    if (isClosed) return;
    const isRead = held.fact() !== undefined;
    const fingerprint = await fingerprintOf(folder);
    if (fingerprint === seen && (isRead || !mustRead) && !held.isBroken()) return;
    const fault = await (isRead || mustRead ? held.read() : held.readStatuses());
    // What is broken is read again at each look: its cause may go without a change of this file.
    seen = fault === undefined ? fingerprint : undefined;
  };
  /** One look after the other, and the next one later. */
  const lookInTurn = (mustRead: boolean): Promise<void> => {
    const done = turn.then(() => look(mustRead));
    turn = done.catch(() => undefined);
    return done.finally(lookLater);
  };
  const lookLater = (): void => {
    clearTimeout(timer);
    if (pollMs === 0 || isClosed) return;
    timer = setTimeout(() => void lookInTurn(isWanted()).catch(tellDefect), pollMs).unref();
  };
  return {
    start: async () => {
      await lookInTurn(false);
      if (isWanted()) void lookInTurn(true).catch(tellDefect);
    },
    statuses: held.statuses,
    problem: held.problem,
    texts: held.texts,
    inForce: async () => {
      if (held.fact() === undefined) await (first ??= lookInTurn(true));
      const fact = held.fact();
      if (fact === undefined) throw new Error('a defect: the advisories were not read');
      return fact;
    },
    isInForce: (revision) => {
      const fact = held.fact();
      return fact?.state === 'known' && fact.value.revision === revision;
    },
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      held.close();
    },
  };
};
