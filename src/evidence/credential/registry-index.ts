import type { Repository } from '../ports.ts';
import { bySpecificity, matchesRepository, parseRegistryKey, type RegistryKey } from './registry-key.ts';

/** Finds the entries of a docker config for a repository. */
export interface RegistryIndex<T> {
  /** The most specific entry first; equally specific entries in the order of the file. */
  readonly find: (repository: Repository) => readonly T[];
  /** The number of entries that are compared one by one. */
  readonly globs: number;
}

interface Keyed {
  readonly key: RegistryKey;
}

const hasStar = ({ hostname }: RegistryKey): boolean => hostname.includes('*');
const placeOf = ({ hostname, port = '' }: RegistryKey, path: readonly string[]): string =>
  `${hostname}:${port}/${path.join('/')}`;

/**
 * Attack (R24): sixteen Secrets of a thousand keys each, named by a Pod with images of 64 registries, are a million
 * comparisons. Keys without a star are looked up, once for each component of the path. Keys with a star are compared
 * one by one, so the reader of the file bounds their number.
 */
export const createRegistryIndex = <T extends Keyed>(entries: readonly T[]): RegistryIndex<T> => {
  const exact = new Map<string, T[]>();
  const globs = entries.filter(({ key }) => hasStar(key)).sort((a, b) => bySpecificity(a.key, b.key));
  for (const entry of entries) {
    if (hasStar(entry.key)) continue;
    const place = placeOf(entry.key, entry.key.path);
    const others = exact.get(place);
    if (others === undefined) exact.set(place, [entry]);
    else others.push(entry);
  }
  return {
    globs: globs.length,
    find: (repository) => {
      // The host is read like a key, because Docker Hub has several names.
      const host = parseRegistryKey(repository.host);
      const components = repository.repository.split('/');
      const found: T[] = [];
      for (let length = components.length; host.ok && length >= 0; length--)
        found.push(...(exact.get(placeOf(host.value, components.slice(0, length))) ?? []));
      return [...found, ...globs.filter(({ key }) => matchesRepository(key, repository))];
    },
  };
};
