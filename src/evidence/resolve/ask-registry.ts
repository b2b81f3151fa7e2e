import { known, unavailableBy } from '../../core/facts/fact.ts';
import type { Digest } from '../../core/image/digest.ts';
import { accountKey, nameKey, type AccessGrants, type Account } from '../cache/access-grants.ts';
import type { EvidenceLimits } from '../limits.ts';
import { overspent } from '../single-flight/shared-read.ts';
import type {
  ContentStore,
  Credential,
  ManifestName,
  Registry,
  RegistryAnswer,
  Repository,
} from '../ports.ts';
import type { SharedReads } from '../single-flight/shared-reads.ts';
import type { Attempt } from './attempts.ts';
import type { Reading } from './read-budget.ts';

/** The manifest that the registry has now under a name, as this credential reads it. */
interface Found {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}
export interface Target {
  readonly repository: Repository;
  readonly name: ManifestName;
}

/** Never rejects because of a registry: its failures are values of the attempt. */
export type AskRegistry = (target: Target, credential: Credential, reading: Reading) => Promise<Attempt>;

interface AskParts {
  readonly registry: Registry;
  readonly content: ContentStore;
  readonly grants: AccessGrants;
  readonly sharedReads: SharedReads;
  readonly limits: Pick<EvidenceLimits, 'anonymousAbsence'>;
  /** Whether the operator has named a host. */
  readonly hasRow: (host: string) => boolean;
}

const invalid = (repository: Repository, why: string): RegistryAnswer<never> =>
  unavailableBy({ kind: 'invalid', stage: 'manifest', host: repository.host, why });

/** The manifest that this name most likely stands for, when its bytes are cached. */
const expectedContent = async (
  { content, grants }: AskParts,
  { repository, name }: Target,
  credential: Credential,
): Promise<Found | undefined> => {
  const account: Account = { repository, credential: credential.key };
  const digest = 'tag' in name ? grants.tagged(account, name.tag)?.digest : name.digest;
  return digest === undefined ? undefined : contentOf(content, repository, digest);
};

const contentOf = async (
  content: ContentStore,
  repository: Repository,
  digest: Digest,
): Promise<Found | undefined> => {
  const bytes = await content.get({ ...repository, digest });
  return bytes === undefined ? undefined : { digest, bytes };
};

/**
 * Asks by HEAD where the expected bytes are cached. HEAD proves that the credential may read the manifest, and transfers
 * nothing. The digest in its header only says which cached bytes to look for. Those bytes were delivered by this
 * repository and hashed when they came, so a header cannot lie about them (B1).
 * @returns undefined when the bytes have to be read
 */
const head = async (
  parts: AskParts,
  target: Target,
  credential: Credential,
  reading: Reading,
): Promise<RegistryAnswer<Found> | undefined> => {
  const { repository, name } = target;
  const expected = await expectedContent(parts, target, credential);
  if (expected === undefined) return undefined;
  if (!reading.take(expected.bytes.length)) return overspent(repository.host, 'manifest');
  const named = await parts.registry.head(repository, name, credential, reading);
  if (named.state === 'absent') return named;
  // Some registries answer GET and not HEAD.
  if (named.state === 'unavailable') return named.why.kind === 'invalid' ? undefined : named;
  return foundByHead(parts.content, target, expected, named.value);
};

/** @returns undefined when HEAD names a digest that this repository has not delivered */
const foundByHead = async (
  content: ContentStore,
  { repository, name }: Target,
  expected: Found,
  named: Digest | undefined,
): Promise<RegistryAnswer<Found> | undefined> => {
  const hint = named ?? ('digest' in name ? name.digest : undefined);
  if (hint === expected.digest) return known(expected);
  if (hint === undefined || 'digest' in name) return undefined;
  const moved = await contentOf(content, repository, hint);
  return moved === undefined ? undefined : known(moved);
};

const read = async (
  { registry, content }: AskParts,
  { repository, name }: Target,
  credential: Credential,
  reading: Reading,
): Promise<RegistryAnswer<Found>> => {
  const got = await registry.manifest(repository, name, credential, reading);
  if (got.state !== 'known') return got;
  const { digest, bytes } = got.value;
  if ('digest' in name && digest !== name.digest) {
    return invalid(repository, 'the registry answered with another manifest than was asked for');
  }
  content.put({ ...repository, digest }, bytes);
  return known({ digest, bytes });
};

/** Caches the answer of the registry, for this credential alone. */
const recordAnswer = (
  { grants, limits, hasRow }: AskParts,
  { repository, name }: Target,
  credential: Credential,
  answer: RegistryAnswer<Found>,
): void => {
  const account: Account = { repository, credential: credential.key };
  if (answer.state === 'known') grants.grant(account, name, answer.value.digest);
  else if (answer.state === 'absent') {
    const isBrief = credential.kind === 'anonymous' && hasRow(repository.host);
    grants.deny(account, name, {
      outcome: 'absent',
      ...(isBrief ? { believed: limits.anonymousAbsence } : {}),
    });
  } else if (answer.why.kind === 'denied')
    grants.deny(account, name, { outcome: 'denied', failure: answer.why });
};

/**
 * Asks the registry for a name with one credential, unless a denial of that credential is cached. Concurrent callers share
 * one read. A read is a HEAD, a GET, or both.
 */
export const createAskRegistry =
  (parts: AskParts): AskRegistry =>
  async (target, credential, reading) => {
    const { grants, sharedReads } = parts;
    const { repository, name } = target;
    const account: Account = { repository, credential: credential.key };
    const denial = grants.denial(account, name);
    if (denial !== undefined) {
      const { outcome, failure } = denial;
      return { outcome, credential, ...(failure === undefined ? {} : { failure }) };
    }
    const key = `resolve ${nameKey(name)} ${accountKey(account)}`;
    const plan = { key, host: repository.host, stage: 'manifest' } as const;
    const answer = await sharedReads.do(plan, reading, async (shared) => {
      const found =
        (await head(parts, target, credential, shared)) ?? (await read(parts, target, credential, shared));
      recordAnswer(parts, target, credential, found);
      return found;
    });
    if (answer.state === 'absent') return { outcome: 'absent', credential };
    if (answer.state === 'unavailable') {
      const { why: failure } = answer;
      return { outcome: failure.kind === 'denied' ? 'denied' : 'failed', credential, failure };
    }
    const { digest, bytes } = answer.value;
    return { outcome: 'used', credential, resolved: { image: { ...repository, digest }, credential, bytes } };
  };
