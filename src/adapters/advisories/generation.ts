import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '../../core/result.ts';
import { parseDigest, type Digest } from '../../core/image/digest.ts';
import { objectOf } from '../../core/text/json/json.ts';
import { parseJson } from '../../core/text/json/parse-json.ts';

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
