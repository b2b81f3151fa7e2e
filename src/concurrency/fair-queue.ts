import { fairShare } from './shares.ts';

/** How much may wait. */
export interface QueueCapacity {
  readonly items: number;
  /** In the unit of `weightOf`, for most queues bytes. */
  readonly weight: number;
}

interface Entry<T> {
  readonly key: string;
  item: T;
  weight: number;
  /** Its index in `entries` of its lane, counted from the first entry that the lane ever had. */
  readonly at: number;
}

/** The waiting items of one namespace, oldest first. An item that is removed from the middle leaves a gap. */
interface Lane<T> {
  readonly name: string;
  entries: (Entry<T> | undefined)[];
  /** How many were cut off in front of `entries[0]`. */
  base: number;
  /** Index in `entries` of the oldest item that may still be there. */
  head: number;
  readonly byKey: Map<string, Entry<T>>;
  count: number;
  weight: number;
}

const emptyLane = <T>(name: string): Lane<T> => ({
  name,
  entries: [],
  base: 0,
  head: 0,
  byKey: new Map(),
  count: 0,
  weight: 0,
});

/** Gaps in front are cut off when there are so many, and more of them than entries. */
const maxGaps = 256;

/** The share of the limits, by number or weight, whichever is more. */
const shareOf = (count: number, weight: number, capacity: QueueCapacity): number =>
  Math.max(count / capacity.items, weight / capacity.weight);

const oldestOf = <T>(lane: Lane<T>, isReady: (item: T) => boolean): Entry<T> | undefined => {
  for (let at = lane.head; at < lane.entries.length; at++) {
    const entry = lane.entries[at];
    if (entry !== undefined && isReady(entry.item)) return entry;
  }
  return undefined;
};

/** Forgets the gaps at both ends. */
const trim = <T>(lane: Lane<T>): void => {
  const { entries } = lane;
  while (entries.length > lane.head && entries.at(-1) === undefined) entries.pop();
  while (lane.head < entries.length && entries[lane.head] === undefined) lane.head++;
  if (lane.head <= maxGaps || lane.head * 2 <= entries.length) return;
  lane.entries = entries.slice(lane.head);
  lane.base += lane.head;
  lane.head = 0;
};

/**
 * A queue that is shared by lane; callers use the namespace (R26). Lanes are served round robin. When the queue is full, a
 * lane with less than its quarter gets space from the lane that holds most, which loses its newest item. So a flood of
 * one namespace takes no space from others, and cannot push out what came before it. Items of one key are one item.
 */
export class FairQueue<T> {
  readonly #weightOf: (item: T) => number;
  readonly #onLost: (item: T) => void;
  readonly #replaces: (next: T, held: T) => boolean;
  readonly #lanes = new Map<string, Lane<T>>();
  #order: Lane<T>[] = [];
  #next = 0;
  #count = 0;
  #weight = 0;
  /** The lane that holds most; undefined when that has to be looked up. */
  #largest: Lane<T> | undefined;

  /**
   * @param onLost - called with each accepted item that had to give way
   * @param replaces - whether an item replaces the waiting one of its key; else that one stays
   */
  constructor(
    weightOf: (item: T) => number,
    onLost: (item: T) => void,
    replaces: (next: T, held: T) => boolean = () => true,
  ) {
    this.#weightOf = weightOf;
    this.#onLost = onLost;
    this.#replaces = replaces;
  }

  get count(): number {
    return this.#count;
  }

  get weight(): number {
    return this.#weight;
  }

  get(lane: string, key: string): T | undefined {
    return this.#lanes.get(lane)?.byKey.get(key)?.item;
  }

  /**
   * Replaces the item of the same key, or adds the item at the end.
   * @returns false when there is no space for it
   */
  add(name: string, key: string, item: T, capacity: QueueCapacity): boolean {
    const weight = this.#weightOf(item);
    let lane = this.#lanes.get(name);
    const same = lane?.byKey.get(key);
    if (lane !== undefined && same !== undefined) {
      if (!this.#replaces(item, same.item)) return true;
      this.#grow(lane, 0, weight - same.weight);
      same.item = item;
      same.weight = weight;
      return true;
    }
    if (!this.#evict(lane, weight, capacity)) return false;
    // A lane that gave way may be gone; this lane did not.
    if (lane === undefined) {
      lane = emptyLane(name);
      this.#lanes.set(name, lane);
      this.#order.push(lane);
    }
    const entry = { key, item, weight, at: lane.base + lane.entries.length };
    lane.entries.push(entry);
    lane.byKey.set(key, entry);
    this.#grow(lane, 1, weight);
    return true;
  }

  /** The next item, round robin over lanes, that is ready. */
  take(isReady: (item: T) => boolean = () => true): T | undefined {
    for (let tried = 0; tried < this.#order.length; tried++) {
      const at = (this.#next + tried) % this.#order.length;
      const lane = this.#order[at] as Lane<T>;
      const entry = oldestOf(lane, isReady);
      if (entry === undefined) continue;
      this.#next = at + 1;
      this.#remove(lane, entry);
      return entry.item;
    }
    return undefined;
  }

  *items(): Generator<T> {
    for (const lane of this.#order) for (const entry of lane.byKey.values()) yield entry.item;
  }

  /** Lets the lanes that hold most give way to one that holds less, up to its quarter, until there is space. */
  #evict(lane: Lane<T> | undefined, weight: number, capacity: QueueCapacity): boolean {
    const own = shareOf((lane?.count ?? 0) + 1, (lane?.weight ?? 0) + weight, capacity);
    const mayTake = lane === undefined || own <= fairShare;
    while (this.#count + 1 > capacity.items || this.#weight + weight > capacity.weight) {
      const giver = mayTake ? this.#largerThan(own, capacity) : undefined;
      if (giver === undefined || giver === lane) return false;
      const newest = giver.entries.at(-1) as Entry<T>;
      this.#remove(giver, newest);
      this.#onLost(newest.item);
    }
    return true;
  }

  /** The lane that holds most, if that is more than so much. */
  #largerThan(share: number, capacity: QueueCapacity): Lane<T> | undefined {
    const held = ({ count, weight }: Lane<T>): number => shareOf(count, weight, capacity);
    if (this.#largest === undefined)
      for (const lane of this.#order)
        if (this.#largest === undefined || held(lane) > held(this.#largest)) this.#largest = lane;
    return this.#largest !== undefined && held(this.#largest) > share ? this.#largest : undefined;
  }

  #grow(lane: Lane<T>, count: number, weight: number): void {
    lane.count += count;
    lane.weight += weight;
    this.#count += count;
    this.#weight += weight;
    // A lane that grows may be the largest now. The largest lane stays the largest when it grows.
    if (lane !== this.#largest || count < 0 || weight < 0) this.#largest = undefined;
  }

  #remove(lane: Lane<T>, entry: Entry<T>): void {
    lane.entries[entry.at - lane.base] = undefined;
    lane.byKey.delete(entry.key);
    this.#grow(lane, -1, -entry.weight);
    trim(lane);
    if (lane.count > 0) return;
    this.#lanes.delete(lane.name);
    const at = this.#order.indexOf(lane);
    this.#order.splice(at, 1);
    if (this.#next > at) this.#next--;
  }
}
