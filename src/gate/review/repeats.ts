import { hash } from 'node:crypto';
import type { Clock } from '../../concurrency/clock.ts';
import type { Decision } from '../../core/decision/decision.ts';
import { createNamespaceCache } from '../../concurrency/cache/namespace-cache.ts';

/** An entry of the record that stands for several decisions. */
export interface Repeat {
  readonly id: string;
  /** How many decisions it stands for, this one included. */
  readonly count: number;
  /** When the first of them was made. */
  readonly firstTime: string;
}

/** What of a decision says whether it was made before. */
type Repeatable = Omit<Decision, 'apiVersion' | 'kind' | 'uid' | 'warnings' | 'exemptions' | 'durations'>;

/** Knows which decisions were made before: they are one entry of the record, with one id and a count (R26). */
export interface Repeats {
  /** Counts the decision. @returns the entry that it repeats; undefined: it is the first of its kind */
  count(decision: Repeatable): Repeat | undefined;
}

/** Milliseconds from the first of them: an entry of the record says no more about the times in between. */
const window = 10 * 60_000;
/** `weight`: characters of all texts of one namespace. */
const limits = { namespaces: 256, entries: 96, weight: 96 * 3 * 1024 };
/** Of one name, the newest; of Pods of templates, which have no name yet, of one length. */
const maxAlike = 3;
/**
 * Longer texts are kept as their hash. Four containers with images by tag stay below it: to hash their texts took at
 * least 4 % of the time of such a review.
 */
const maxKeptLength = 2048;

type Part = string | number | boolean | undefined;

/**
 * Everything that the record says of a decision, but for what differs each time: id, time, uid, durations, and how the
 * evidence was obtained. The user is part of it: else the record would show the acts of one user under another's name.
 */
const partsOf = (decision: Repeatable): readonly Part[] => {
  const { source, cluster, operation, user, caller, dryRun, object, skipped, versions, truncated } = decision;
  const parts: Part[] = [source, cluster, operation, user, caller, dryRun, skipped?.code, truncated];
  for (const name in versions) parts.push(name, versions[name]);
  parts.push(object.apiVersion, object.kind, object.namespace, object.name);
  for (const { path, given, digest } of decision.images) parts.push(path, given, digest);
  // Where the images end and the findings begin.
  parts.push(decision.images.length);
  for (const { policy, check, mode, path, code, message } of decision.findings)
    parts.push(policy, check, mode, path, code, message);
  return parts;
};

const lengthOf = (parts: readonly Part[]): number => {
  let length = 0;
  for (const part of parts) if (typeof part === 'string') length += part.length;
  return length;
};

const areEqual = (some: readonly Part[], others: readonly Part[]): boolean =>
  some.length === others.length && some.every((part, at) => part === others[at]);

interface Made {
  readonly parts: readonly Part[];
  /** Characters of its texts. */
  readonly weight: number;
  readonly id: string;
  readonly firstTime: string;
  readonly until: number;
  count: number;
}

const weightOf = (some: readonly Made[]): number => some.reduce((sum, { weight }) => sum + weight, 0);

const none: readonly never[] = [];

export const createRepeats = (clock: Pick<Clock, 'monotonic'>): Repeats => {
  const made = createNamespaceCache<readonly Made[]>(limits);
  return {
    count: (decision) => {
      const { id, time, object } = decision;
      const { namespace = '', name = '' } = object;
      const ofNamespace = made.of(namespace);
      let parts = partsOf(decision);
      const length = lengthOf(parts);
      let weight = length;
      if (length > maxKeptLength) {
        parts = [hash('sha256', JSON.stringify(parts), 'base64')];
        weight = lengthOf(parts);
      }
      // Most decisions are the first about a new name: those only leave behind what they are compared with later. It is
      // kept as it is, because its texts are mostly held elsewhere too; one key for all of it cost as much as judging.
      const alike = name === '' ? String(length) : name;
      const known = ofNamespace.get(alike) ?? none;
      const first = known.find((one) => areEqual(one.parts, parts));
      const now = clock.monotonic();
      if (first === undefined || first.until <= now) {
        const others =
          known.length === 0 ? none : known.filter((one) => one !== first).slice(0, maxAlike - 1);
        const one: Made = { parts, weight, id, firstTime: time, until: now + window, count: 1 };
        ofNamespace.set(alike, [one, ...others], weightOf(others) + weight);
        return undefined;
      }
      first.count++;
      return { id: first.id, count: first.count, firstTime: first.firstTime };
    },
  };
};
