import type { FeedTime } from '../../core/vulnerability/advisory.ts';
import type { LoadedGeneration } from './advisory-folder.ts';
import type { PartSummary } from './part-format.ts';

/** What the generation in force has of one feed about one ecosystem. */
export interface FeedStatus extends FeedTime {
  readonly summary: PartSummary;
}

export const feedStatuses = ({ generation, readers }: LoadedGeneration): readonly FeedStatus[] =>
  generation.parts.flatMap(({ feed, ecosystem, asOf, digest }) => {
    const summary = readers.get(digest)?.summary;
    return summary === undefined ? [] : [{ feed, ecosystem, asOf, summary }];
  });
