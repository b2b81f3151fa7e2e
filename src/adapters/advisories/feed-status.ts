import { ok, type Result } from '../../core/result.ts';
import type { FeedTime } from '../../core/vulnerability/advisory.ts';
import {
  currentName,
  previousName,
  readGenerationFile,
  readSummary,
  type LoadedGeneration,
} from './advisory-folder.ts';
import type { FolderFault } from './part-file.ts';
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

/** What a folder tells of its feeds. */
interface ToldFeeds {
  readonly statuses: readonly FeedStatus[];
  /** Why the generation in force cannot be used; the statuses are then those of the one before. */
  readonly fault?: FolderFault;
}

const readStatuses = async (
  folder: string,
  name: string,
): Promise<Result<readonly FeedStatus[], FolderFault>> => {
  const generation = await readGenerationFile(folder, name);
  if (!generation.ok) return generation;
  const statuses: FeedStatus[] = [];
  for (const { feed, ecosystem, asOf, digest } of generation.value.parts) {
    const summary = await readSummary(folder, digest);
    if (!summary.ok) return summary;
    statuses.push({ feed, ecosystem, asOf, summary: summary.value });
  }
  return ok(statuses);
};

/**
 * What is told of feeds where nobody asks for their advisories: the beginning of each part is read, and no part is compared
 * with its digest.
 */
export const tellFeeds = async (folder: string): Promise<ToldFeeds> => {
  const current = await readStatuses(folder, currentName);
  if (current.ok) return { statuses: current.value };
  if (current.error.kind === 'none') return { statuses: [] };
  const before = await readStatuses(folder, previousName);
  return { statuses: before.ok ? before.value : [], fault: current.error };
};
