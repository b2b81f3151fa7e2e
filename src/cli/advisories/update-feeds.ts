import { keepAttempts, type FeedAttempt } from '../../adapters/advisories/update/attempts.ts';
import { updateFeed } from '../../adapters/advisories/update/update-feed.ts';
import { describeConfigProblems } from '../../config/sources/origin.ts';
import { loadFeeds, loadRegistryDefaults } from '../../config/registries/registry-files.ts';
import type { ConfigOf } from '../../config/resolved.ts';
import { createFeedClient } from '../../serve/advisories/feed-client.ts';
import { proxyOf } from '../../serve/evidence.ts';
import { UnreachableError, UsageError, valueOrUsage, type Terminal } from '../terminal/terminal.ts';

/** The settings that say which feeds there are, and how their servers are reached. */
export const feedSettings = [
  'data',
  'advisories',
  'registryDefaults',
  'httpsProxy',
  'httpProxy',
  'noProxy',
] as const;

interface UpdateRequest {
  readonly folder: string;
  /** All, when none is named. */
  readonly names: readonly string[];
  readonly isLossAccepted: boolean;
}

/** Asks the feeds of the configuration, one after the other. */
export const updateFeeds = async (
  config: ConfigOf<(typeof feedSettings)[number]>,
  { folder, names, isLossAccepted }: UpdateRequest,
  terminal: Terminal,
): Promise<readonly FeedAttempt[]> => {
  const all = valueOrUsage(loadFeeds(config.advisories), describeConfigProblems);
  const defaults = valueOrUsage(loadRegistryDefaults(config.registryDefaults), describeConfigProblems);
  if (all.length === 0)
    throw new UsageError(['there are no feeds; write `advisories` into the file of --config']);
  const known = all.map(({ name }) => name);
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined)
    throw new UsageError([`there is no feed ${JSON.stringify(wrong)}; there are ${known.join(', ')}`]);
  const feeds = all.filter(({ name }) => names.length === 0 || names.includes(name));
  const client = createFeedClient(feeds, proxyOf(config), defaults);
  const attempts: FeedAttempt[] = [];
  try {
    for (const feed of feeds) {
      const updated = await updateFeed(feed, {
        folder,
        client,
        isLossAccepted,
        now: () => new Date(),
        signal: new AbortController().signal,
        onFile: (name, ecosystem) => terminal.status?.(`${name}: reading ${ecosystem}`),
      });
      if (!updated.ok) throw new UnreachableError(updated.error);
      attempts.push(...updated.value);
    }
    await keepAttempts(folder, known);
  } finally {
    terminal.status?.('');
    await client.close();
  }
  return attempts;
};
