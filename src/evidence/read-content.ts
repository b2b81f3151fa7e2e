import { known, unavailableBy } from '../core/facts/fact.ts';
import type { Digest } from '../core/image/digest.ts';
import { accountKey } from './cache/access-grants.ts';
import type {
  Content,
  ContentStore,
  Credential,
  Registry,
  RegistryAnswer,
  RegistryFailure,
  Repository,
} from './ports.ts';
import type { ResolvedImage } from './resolve/attempts.ts';
import type { Reading } from './resolve/read-budget.ts';
import { overspent } from './single-flight/shared-read.ts';
import type { SharedReads } from './single-flight/shared-reads.ts';

export interface ContentParts {
  readonly registry: Registry;
  readonly content: ContentStore;
  readonly sharedReads: SharedReads;
}

/** Where content is read, and by which credential of the caller. */
export interface ReadPlace {
  readonly repository: Repository;
  readonly credential: Credential;
  /** Present in an outage: then only cached content is read. */
  readonly outage?: RegistryFailure;
}

export const readPlaceOf = ({ image, credential, outage }: ResolvedImage): ReadPlace => ({
  repository: { host: image.host, repository: image.repository },
  credential,
  ...(outage === undefined ? {} : { outage }),
});

/** A manifest, or a blob of at most `limit` bytes. */
export type ContentWanted =
  | { readonly stage: 'manifest'; readonly digest: Digest; readonly size?: number }
  | { readonly stage: 'blob'; readonly digest: Digest; readonly size: number; readonly limit: number };

/** The bytes came and cannot be used: their pusher chose them. */
const wrong = ({ repository: { host } }: ReadPlace, { stage }: ContentWanted, why: string) =>
  unavailableBy<RegistryFailure>({ kind: 'invalid', stage, host, why, unreadable: true });

/**
 * Reads content by digest: from the cached content of this repository, else from the registry. Concurrent callers share the
 * read.
 */
export const readContent = async (
  { content, registry, sharedReads }: ContentParts,
  place: ReadPlace,
  wanted: ContentWanted,
  reading: Reading,
): Promise<RegistryAnswer<Uint8Array>> => {
  const { repository, credential, outage } = place;
  const { stage, digest, size } = wanted;
  const { host } = repository;
  reading.waitsIn(stage);
  const check = (bytes: Uint8Array): RegistryAnswer<Uint8Array> =>
    size === undefined || size === bytes.length
      ? known(bytes)
      : wrong(place, wanted, 'its length is not what its descriptor says');
  const held = await content.get({ ...repository, digest });
  if (held !== undefined) return reading.take(held.length) ? check(held) : overspent(host, stage);
  if (outage !== undefined) return unavailableBy(outage);
  const account = accountKey({ repository, credential: credential.key });
  const plan = { key: `content ${digest} ${account}`, host, stage };
  const answer = await sharedReads.do(plan, reading, async (reading) => {
    const below: Reading = { ...reading, below: true };
    const got: RegistryAnswer<Content> = await (wanted.stage === 'manifest'
      ? registry.manifest(repository, { digest }, credential, below)
      : registry.blob(repository, wanted, wanted.limit, credential, below));
    if (got.state === 'known' && got.value.digest === digest)
      content.put({ ...repository, digest }, got.value.bytes);
    return got;
  });
  if (answer.state !== 'known') return answer;
  return answer.value.digest === digest
    ? check(answer.value.bytes)
    : wrong(place, wanted, 'the registry answered with other content than was asked for');
};
