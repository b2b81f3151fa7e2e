import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '../../core/result.ts';
import { parseDigest, type Digest } from '../../core/image/digest.ts';
import { objectOf } from '../../core/text/json/json.ts';
import { parseJson } from '../../core/text/json/parse-json.ts';
import { baseEcosystem } from '../../core/vulnerability/package.ts';
import type { AdvisoryEntry, AdvisoryLookup } from '../../core/vulnerability/advisory.ts';
import { keyHash } from './part-format.ts';
import type { PartReader } from './part-reader.ts';

/** A part, and the feed that it comes from. */
export interface GenerationPart {
  readonly feed: string;
  readonly ecosystem: string;
  readonly digest: Digest;
  /** How old the feed is: the time of the last answer of its server, or of its newest record (V15). */
  readonly asOf: string;
}

/** The advisories in force: a list of parts, sorted, at most one for each feed and ecosystem. */
export interface Generation {
  readonly parts: readonly GenerationPart[];
}

const schema = 1;
const maxParts = 1000;

const orderKey = ({ feed, ecosystem }: GenerationPart): string => `${feed}\0${ecosystem}`;
const sorted = (parts: readonly GenerationPart[]): readonly GenerationPart[] =>
  [...parts].sort((one, other) => (orderKey(one) < orderKey(other) ? -1 : 1));

export const writeGeneration = ({ parts }: Generation): string =>
  `${JSON.stringify({ schema, parts: sorted(parts) }, undefined, 2)}\n`;

/** By what a generation is named: which parts, not how old their feeds are. */
export const nameOfGeneration = ({ parts }: Generation): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(parts).map(({ feed, ecosystem, digest }) => [feed, ecosystem, digest])))
    .digest('hex')
    .slice(0, 16);

const isPart = (value: unknown): value is GenerationPart => {
  const { feed, ecosystem, digest, asOf } = objectOf(value);
  return (
    typeof feed === 'string' &&
    typeof ecosystem === 'string' &&
    typeof digest === 'string' &&
    parseDigest(digest).ok &&
    typeof asOf === 'string' &&
    Number.isFinite(Date.parse(asOf))
  );
};

export const readGeneration = (text: string): Result<Generation, 'other-schema' | 'damaged'> => {
  const { schema: written, parts } = objectOf(parseJson(text));
  if (typeof written === 'number' && written !== schema) return fail('other-schema');
  return Array.isArray(parts) && parts.length <= maxParts && parts.every(isPart)
    ? ok({ parts: sorted(parts) })
    : fail('damaged');
};

/** Exchanges the parts of one feed and ecosystem for these. */
export const withParts = ({ parts }: Generation, next: readonly GenerationPart[]): Generation => {
  const replaced = new Set(next.map(orderKey));
  return { parts: sorted([...parts.filter((part) => !replaced.has(orderKey(part))), ...next]) };
};

/** Which part has names of which hash. Names whose hashes begin alike stand together: one look finds all parts. */
interface Places {
  /** For each beginning and one more: where its names begin. */
  readonly starts: Uint32Array;
  readonly hashes: Uint32Array;
  readonly parts: Uint16Array;
  /** How many bits of a hash are not of its beginning. */
  readonly shift: number;
}

const maxBits = 24;
/** About as many beginnings as names. */
const shiftFor = (names: number): number =>
  32 - Math.min(maxBits, Math.max(1, Math.ceil(Math.log2(names + 1))));

/** Counts, then puts each name where it belongs: to sort a million names would hold up reviews at each swap. */
const placesOf = (readers: readonly PartReader[]): Places => {
  const count = readers.reduce((sum, { hashes }) => sum + hashes.length, 0);
  const shift = shiftFor(count);
  const starts = new Uint32Array(2 ** (32 - shift) + 1);
  for (const { hashes } of readers)
    for (const hash of hashes) starts[(hash >>> shift) + 1] = (starts[(hash >>> shift) + 1] ?? 0) + 1;
  for (let at = 1; at < starts.length; at += 1) starts[at] = (starts[at] ?? 0) + (starts[at - 1] ?? 0);
  const next = starts.slice();
  const places = { starts, shift, hashes: new Uint32Array(count), parts: new Uint16Array(count) };
  for (const [part, { hashes }] of readers.entries())
    for (const hash of hashes) {
      const place = next[hash >>> shift] ?? 0;
      next[hash >>> shift] = place + 1;
      places.hashes[place] = hash;
      places.parts[place] = part;
    }
  return places;
};

/** Looks in the parts of the ecosystem alone; feeds that speak of the same one add up. */
export const lookupIn = (readers: readonly PartReader[]): AdvisoryLookup => {
  const byEcosystem = new Map(
    [...Map.groupBy(readers, ({ summary }) => summary.ecosystem)].map(([ecosystem, parts]) => [
      ecosystem,
      { parts, places: placesOf(parts) },
    ]),
  );
  return (ecosystem, name) => {
    const known = byEcosystem.get(baseEcosystem(ecosystem));
    if (known === undefined) return [];
    const { parts, places } = known;
    const hash = keyHash(ecosystem, name);
    const beginning = hash >>> places.shift;
    const end = places.starts[beginning + 1] ?? 0;
    const found: AdvisoryEntry[] = [];
    let last = -1;
    for (let at = places.starts[beginning] ?? 0; at < end; at += 1) {
      const part = places.parts[at] ?? 0;
      // Names of one hash in one part are found by it at once, and stand one after the other.
      if (places.hashes[at] !== hash || part === last) continue;
      for (const entry of parts[part]?.find(ecosystem, name, hash) ?? []) found.push(entry);
      last = part;
    }
    return found;
  };
};
