import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { absent, known, unavailable, type Fact } from '../../core/facts/fact.ts';
import { messageOf } from '../../core/result.ts';
import { shown } from '../../core/text/shown-text.ts';
import { exploitedList, type FeedTime } from '../../core/vulnerability/advisory.ts';
import { baseEcosystem } from '../../core/vulnerability/package.ts';
import type { Advisories, AdvisorySet } from '../../evidence/ports.ts';
import { currentName, loadUsable, type FolderFault, type LoadedGeneration } from './advisory-folder.ts';
import { writeGeneration } from './generation.ts';

interface FollowOptions {
  /** Called once for each change that cannot be used. What was read before stays in force. */
  readonly onProblem?: (problem: string) => void;
  /** Called for each generation that was put in force, the first one too. */
  readonly onGeneration?: (set: AdvisorySet) => void;
  /** Milliseconds between looks at the folder; 0: it is read once. */
  readonly pollMs?: number;
}

export interface FollowedAdvisories extends Advisories {
  /** What is held; absent: nothing was read yet, or there is nothing. */
  loaded(): LoadedGeneration | undefined;
  /** Ends the looks at the folder. */
  close(): void;
}

const defaultPollMs = 1000;

const isExploitedList = ({ ecosystem }: FeedTime): boolean => ecosystem === exploitedList;

/** Of several lists of what is exploited the oldest says how old all of them are. */
const oldest = (feeds: readonly FeedTime[]): FeedTime | undefined =>
  feeds.toSorted((one, other) => Date.parse(one.asOf) - Date.parse(other.asOf))[0];

const setOf = ({ name, generation, lookup, readers }: LoadedGeneration): AdvisorySet => {
  const times = generation.parts.map(({ feed, ecosystem, asOf }): FeedTime => ({ feed, ecosystem, asOf }));
  const exploited = oldest(times.filter(isExploitedList));
  return {
    generation: name,
    revision: writeGeneration(generation),
    feeds: times.filter((feed) => !isExploitedList(feed)),
    lookup,
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

const factOf = (fault: FolderFault): Fact<never> =>
  fault.kind === 'none' ? absent : unavailable('the advisories', shown(`${fault.kind}: ${fault.why}`));

/**
 * The advisories of a folder. They are read when somebody asks for the first time, so that a gate whose policies do not
 * ask for them holds none; from then on a swap is followed. Reviews under way end with those that they began with.
 */
export const followAdvisories = (
  folder: string,
  { onProblem, onGeneration, pollMs = defaultPollMs }: FollowOptions = {},
): FollowedAdvisories => {
  let fact: Fact<AdvisorySet> | undefined;
  let loaded: LoadedGeneration | undefined;
  let seen: string | undefined;
  let running: Promise<Fact<AdvisorySet>> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let told: string | undefined;

  const tell = (fault: FolderFault | undefined): void => {
    const problem = fault === undefined || fault.kind === 'none' ? undefined : `${fault.kind}: ${fault.why}`;
    if (problem !== undefined && problem !== told) onProblem?.(problem);
    told = problem;
  };
  const read = async (fingerprint: string): Promise<Fact<AdvisorySet>> => {
    const usable = await loadUsable(folder, loaded);
    const fault = usable.ok ? usable.value.fault : usable.error;
    // What is broken is read again at each look: its cause may go without a change of this file.
    seen = fault === undefined ? fingerprint : undefined;
    tell(fault);
    // What was good stays in force: it grows old, and its age is judged (V16).
    if (fault !== undefined && fact?.state === 'known') return fact;
    if (!usable.ok) {
      fact = factOf(usable.error);
      return fact;
    }
    loaded = usable.value.loaded;
    const set = setOf(loaded);
    fact = known(set);
    onGeneration?.(set);
    return fact;
  };
  const look = async (): Promise<void> => {
    const fingerprint = await fingerprintOf(folder);
    if (fingerprint === seen || isClosed) return;
    await read(fingerprint);
  };
  const next = (): void => {
    if (pollMs === 0 || isClosed) return;
    timer = setTimeout(() => {
      void look()
        .catch((error: unknown) => onProblem?.(messageOf(error)))
        .finally(next);
    }, pollMs).unref();
  };
  return {
    loaded: () => loaded,
    inForce: () => {
      if (fact !== undefined) return Promise.resolve(fact);
      running ??= fingerprintOf(folder).then(read).finally(next);
      return running;
    },
    isInForce: (revision) => fact?.state === 'known' && fact.value.revision === revision,
    close: () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
};
