import type { Digest } from '../../../core/image/digest.ts';
import { shown } from '../../../core/text/shown-text.ts';
import type { GenerationPart } from '../generation.ts';
import type { PartSummary } from '../part-format.ts';
import type { OfferedPart } from '../put-parts.ts';
import type { ListedRecord } from '../change/record-list.ts';
import type { FeedAttempt, UpdateOutcome } from './attempts.ts';
import type { Feed, FeedClient, FeedValidators } from './feed.ts';

export interface UpdateOptions {
  readonly folder: string;
  readonly client: FeedClient;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly isLossAccepted?: boolean;
  /** Called before each file is asked for. */
  readonly onFile?: (feed: string, ecosystem: string) => void;
}

/** A file of a feed. */
export interface FeedSource {
  readonly ecosystem: string;
  readonly source: string;
}

/** What was put in force by the last update that brought something, and still is. */
export interface KnownPart {
  readonly attempt: FeedAttempt;
  readonly summary: PartSummary;
}

/** Who is asked for what, and what is known of it. */
export interface Question {
  readonly feed: Feed;
  readonly source: FeedSource;
  readonly known: KnownPart | undefined;
  readonly at: Date;
}

/** One file, asked for and read. */
export interface Fetched {
  readonly attempt: FeedAttempt;
  /** What may be put in force. */
  readonly offer?: OfferedPart;
  /** The records that it was made of; absent: they cannot be asked for one by one. */
  readonly records?: readonly ListedRecord[];
  /** The server says that this is still true. */
  readonly renewed?: GenerationPart;
}

type Remembered = Pick<FeedAttempt, 'etag' | 'lastModified' | 'digest' | 'records' | 'changes' | 'wholeAt'>;
const rememberedOf = (known: KnownPart | undefined): Remembered => {
  if (known === undefined) return {};
  const { etag, lastModified, digest, records, changes, wholeAt } = known.attempt;
  return {
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
    ...(digest === undefined ? {} : { digest }),
    ...(records === undefined ? {} : { records }),
    ...(changes === undefined ? {} : { changes }),
    ...(wholeAt === undefined ? {} : { wholeAt }),
  };
};

/** An attempt about which nothing is remembered yet. */
export const newAttempt = ({ feed, source, at }: Question, outcome: UpdateOutcome): FeedAttempt => ({
  feed: feed.name,
  ...source,
  triedAt: at.toISOString(),
  outcome,
});

/** An update that brought nothing keeps what is known of the last good answer, so that the next is compared with it. */
export const attemptOf = (question: Question, outcome: UpdateOutcome, why?: string): FeedAttempt => ({
  ...newAttempt(question, outcome),
  ...(why === undefined ? {} : { why: shown(why) }),
  ...rememberedOf(question.known),
});

/** Whether a server may answer 304. */
export const isConditional = ({ etag, lastModified }: FeedValidators): boolean =>
  etag !== undefined || lastModified !== undefined;
export const neverRead = 'the server says "unchanged" of what was never read';

/** The server says that the part in force is still true. */
export const unchanged = (question: Question, digest: Digest, told: Partial<FeedAttempt>): Fetched => {
  const { feed, source, at } = question;
  return {
    attempt: { ...attemptOf(question, 'unchanged'), ...told },
    renewed: { feed: feed.name, ecosystem: source.ecosystem, digest, asOf: at.toISOString() },
  };
};
