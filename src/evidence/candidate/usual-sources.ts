import { createLruCache } from '../../concurrency/cache/lru-cache.ts';
import type { CandidateSource, ListedSource } from '../../core/facts/claim.ts';
import type { Preference } from './candidate.ts';

/**
 * Which sources of a host have named candidates that said something. It says which sources are asked first, never which are
 * asked at all: the others are asked where these are not enough.
 */
export interface UsualSources {
  of(host: string): ReadonlySet<CandidateSource>;
  /** These sources of the host have named what said something. */
  found(host: string, sources: readonly CandidateSource[]): void;
}

/** A host costs its name and a few words. */
const maxHosts = 1000;
const none: ReadonlySet<CandidateSource> = new Set();

export const createUsualSources = (): UsualSources => {
  const usual = createLruCache<ReadonlySet<CandidateSource>>({ entries: maxHosts });
  return {
    of: (host) => usual.get(host) ?? none,
    found: (host, sources) => {
      const before = usual.get(host) ?? none;
      if (sources.some((source) => !before.has(source))) usual.set(host, new Set([...before, ...sources]));
    },
  };
};

/**
 * The sources in one or two turns, the second of which is asked only where the first one is not enough. The tag of cosign is
 * always in the first one, because it comes first among candidates. Attack: push so many referrers that the limit is reached
 * before anybody looks at the tag.
 */
export const inTurns = (
  sources: readonly ListedSource[],
  { tag }: Pick<Preference, 'tag'>,
  usual: ReadonlySet<CandidateSource>,
): readonly (readonly ListedSource[])[] => {
  const isFirst = (source: ListedSource): boolean => usual.size === 0 || source === tag || usual.has(source);
  const others = sources.filter((source) => !isFirst(source));
  return others.length === 0 ? [sources] : [sources.filter(isFirst), others];
};
