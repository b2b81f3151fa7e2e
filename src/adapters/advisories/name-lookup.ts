import type { AdvisoryEntry, AdvisoryLookup } from '../../core/vulnerability/advisory.ts';
import { baseEcosystem } from '../../core/vulnerability/package.ts';
import { keyHash } from './part-format.ts';
import type { PartReader } from './part-reader.ts';

/**
 * Which part may have names of which hash. Names whose hashes begin alike stand together: one look finds all parts. The
 * end of a hash is kept alone, so that a name takes four bytes; what it lets through wrongly its part does not find.
 */
interface Places {
  /** For each beginning and one more: where its names begin. */
  readonly starts: Uint32Array;
  readonly ends: Uint16Array;
  readonly parts: Uint16Array;
  /** How many bits of a hash are not of its beginning. */
  readonly shift: number;
}

/** The end of a hash fits into sixteen bits. */
const minBits = 16;
const maxBits = 24;
/** About four names to a beginning. */
const shiftFor = (names: number): number =>
  32 - Math.min(maxBits, Math.max(minBits, Math.ceil(Math.log2(names / 4 + 1))));

/** Counts, then puts each name where it belongs: to sort a million names would hold up reviews at each swap. */
const placesOf = (readers: readonly PartReader[]): Places => {
  const count = readers.reduce((sum, { hashes }) => sum + hashes.length, 0);
  const shift = shiftFor(count);
  const next = new Uint32Array(2 ** (32 - shift) + 1);
  for (const reader of readers) {
    for (const hash of reader.hashes) next[(hash >>> shift) + 1] = (next[(hash >>> shift) + 1] ?? 0) + 1;
  }
  for (let at = 1; at < next.length; at += 1) next[at] = (next[at] ?? 0) + (next[at - 1] ?? 0);
  const places = { starts: next.slice(), shift, ends: new Uint16Array(count), parts: new Uint16Array(count) };
  for (const [part, reader] of readers.entries()) {
    for (const hash of reader.hashes) {
      const place = next[hash >>> shift] ?? 0;
      next[hash >>> shift] = place + 1;
      places.ends[place] = hash;
      places.parts[place] = part;
    }
  }
  return places;
};

/** Looks in the parts of the ecosystem alone; feeds that speak of the same one add up. */
export const lookupIn = (readers: readonly PartReader[]): AdvisoryLookup => {
  const byEcosystem = new Map<string, { readonly parts: readonly PartReader[]; readonly places: Places }>();
  for (const [ecosystem, parts] of Map.groupBy(readers, ({ summary }) => summary.ecosystem))
    byEcosystem.set(ecosystem, { parts, places: placesOf(parts) });
  return (ecosystem, name) => {
    const known = byEcosystem.get(baseEcosystem(ecosystem));
    if (known === undefined) return [];
    const { parts, places } = known;
    const hash = keyHash(ecosystem, name);
    const beginning = hash >>> places.shift;
    const ending = hash & 0xffff;
    const end = places.starts[beginning + 1] ?? 0;
    const found: AdvisoryEntry[] = [];
    let last = -1;
    for (let at = places.starts[beginning] ?? 0; at < end; at += 1) {
      const part = places.parts[at] ?? 0;
      // Names of one hash in one part are found by it at once; those of one part stand one after the other.
      if (places.ends[at] !== ending || part === last) continue;
      for (const entry of parts[part]?.find(ecosystem, name, hash) ?? []) found.push(entry);
      last = part;
    }
    return found;
  };
};
