import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { systemClock } from '../../concurrency/clock.ts';
import { tryLock, type KernelLock } from '../../files/kernel-lock.ts';
import { acceptPart, type Refusal } from './accept/accept-part.ts';
import { closeGeneration, loadUsable, swapGeneration, type LoadedGeneration } from './advisory-folder.ts';
import type { Part } from './compile-part.ts';
import { withParts, type GenerationPart } from './generation.ts';
import { mostOf, countsFile, withCount, withoutCounts, type PartCount } from './accept/part-counts.ts';
import type { PartSummary } from './part-format.ts';

/** What a feed says of one ecosystem, compiled, and how old it is (V15). */
export interface OfferedPart {
  readonly feed: string;
  readonly part: Part;
  /** RFC 3339. */
  readonly asOf: string;
}

/** What came of an offered part. `unchanged`: the same advisories are in force; the feed may have become younger. */
export type PartOutcome =
  { readonly kind: 'accepted' | 'unchanged' } | { readonly kind: 'refused'; readonly refusal: Refusal };

interface PutOptions {
  /** An operator said that a loss of advisories is meant. */
  readonly isLossAccepted?: boolean;
  /** How long another writer is waited for, in milliseconds. */
  readonly patience?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

const defaultPatience = 30_000;
const retryEvery = 100;

/** One writer at a time: two that start from one generation would each drop what the other adds. */
const lockFolder = async (folder: string, patience: number): Promise<Result<KernelLock, string>> => {
  const end = performance.now() + patience;
  for (;;) {
    const lock = tryLock(join(folder, 'writer.lock'));
    if (lock.ok) return lock;
    if (lock.error !== 'held') return fail(`${folder} cannot be written: ${messageOf(lock.error.cause)}`);
    if (performance.now() > end) return fail(`another process writes the advisories of ${folder}; try again`);
    await delay(retryEvery);
  }
};

const later = (one: string, other: string): string => (Date.parse(one) > Date.parse(other) ? one : other);

/** By what offered parts are judged. */
interface JudgeBasis {
  readonly current: LoadedGeneration | undefined;
  readonly counts: readonly PartCount[];
  readonly isLossAccepted: boolean;
  readonly now: number;
}

/** The part in the generation, when the offered one may take the place of what is in force. */
const judge = (
  { feed, part, asOf }: OfferedPart,
  { current, counts, isLossAccepted, now }: JudgeBasis,
): { readonly outcome: PartOutcome; readonly next?: GenerationPart; readonly inForce?: PartSummary } => {
  const { ecosystem } = part.summary;
  const known = current?.generation.parts.find((one) => one.feed === feed && one.ecosystem === ecosystem);
  const next = { feed, ecosystem, digest: part.digest, asOf };
  if (known?.digest === part.digest)
    return { outcome: { kind: 'unchanged' }, next: { ...next, asOf: later(asOf, known.asOf) } };
  const inForce = known === undefined ? undefined : current?.readers.get(known.digest)?.summary;
  const most = mostOf(counts, next, now);
  const accepted = acceptPart(part.summary, inForce, { most, isLossAccepted });
  return accepted.ok
    ? { outcome: { kind: 'accepted' }, next, ...(inForce && { inForce }) }
    : { outcome: { kind: 'refused', refusal: accepted.error } };
};

/** Another writer may have exchanged a part meanwhile: then its server said nothing of the new one. */
const stillInForce = (
  renewed: readonly GenerationPart[],
  current: LoadedGeneration | undefined,
): readonly GenerationPart[] =>
  renewed.filter((part) =>
    current?.generation.parts.some(
      ({ feed, ecosystem, digest }) =>
        feed === part.feed && ecosystem === part.ecosystem && digest === part.digest,
    ),
  );

/** What becomes of offered parts beside what is in force. */
const judgeAll = (offered: readonly OfferedPart[], renewed: readonly GenerationPart[], basis: JudgeBasis) => {
  const judged = offered.map((one) => ({ ...one, ...judge(one, basis) }));
  const accepted = judged.filter(({ outcome }) => outcome.kind === 'accepted');
  const { now, isLossAccepted } = basis;
  return {
    outcomes: judged.map(({ outcome }) => outcome),
    next: [
      ...judged.flatMap((one) => (one.next === undefined ? [] : [one.next])),
      ...stillInForce(renewed, basis.current),
    ],
    fresh: accepted.map(({ part }) => part),
    counts: accepted.reduce((counts, { feed, part: { summary }, inForce }) => {
      const about = { feed, ecosystem: summary.ecosystem };
      const before = isLossAccepted
        ? withoutCounts(counts, about)
        : withCount(counts, about, inForce?.advisories ?? 0, now);
      return withCount(before, about, summary.advisories, now);
    }, basis.counts),
  };
};

/** Reads the generation that can be used, for as long as something is compared with it. */
export const withUsable = async <T>(
  folder: string,
  use: (current: LoadedGeneration | undefined) => Promise<T>,
): Promise<T> => {
  const usable = await loadUsable(folder);
  const current = usable.ok ? usable.value.loaded : undefined;
  try {
    return await use(current);
  } finally {
    if (current !== undefined) closeGeneration(current);
  }
};

/**
 * Puts parts in force, each that is accepted (V15), all at once. Parts of other feeds stay as they are. May be called
 * while another process writes or follows the folder.
 *
 * @param renewed parts in force of which their server said that they are still true
 * @returns what came of each, in their order; or why nothing could be written
 */
export const putParts = async (
  folder: string,
  offered: readonly OfferedPart[],
  { isLossAccepted = false, patience = defaultPatience, now = () => systemClock.now() }: PutOptions = {},
  renewed: readonly GenerationPart[] = [],
): Promise<Result<readonly PartOutcome[], string>> => {
  const lock = await lockFolder(folder, patience);
  if (!lock.ok) return lock;
  try {
    return await withUsable(folder, async (current) => {
      const basis = { current, counts: await countsFile.read(folder), isLossAccepted, now: now() };
      const { outcomes, next, fresh, counts } = judgeAll(offered, renewed, basis);
      if (next.length > 0) {
        const generation = withParts(current?.generation ?? { parts: [] }, next);
        await swapGeneration(folder, generation, fresh, current?.generation);
        if (fresh.length > 0) await countsFile.write(folder, counts);
      }
      return ok(outcomes);
    });
  } catch (error) {
    return fail(`${folder} cannot be written: ${messageOf(error)}`);
  } finally {
    lock.value.release();
  }
};
