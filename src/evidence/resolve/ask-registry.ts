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

/** A manifest by its name, as this registry has it for this credential now. */
interface Found {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}
export interface Target {
  readonly repository: Repository;
  readonly name: ManifestName;
}

/** Never rejects for what a registry does; its answer is in the attempt. */
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

/** The manifest that this name is expected to stand for, when its bytes are cached. */
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
 * HEAD, where the bytes that it may name are cached: it proves that the credential may read the manifest and costs
 * no transfer. A digest in a header tells where to look, never what the bytes are: it counts only for bytes that this
 * repository has delivered, which were hashed then (B1).
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
  // A registry may be unable to HEAD and able to GET.
  if (named.state === 'unavailable') return named.why.kind === 'invalid' ? undefined : named;
  return foundByHead(parts.content, target, expected, named.value);
};

/** What a successful HEAD shows; undefined: it names nothing that this repository has delivered. */
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

/** What the registry said is cached for this credential alone. */
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
 * Asks the registry for a name with one credential, unless it has refused it a moment ago. One read for all who wait,
 * which is one request, or two when a HEAD brought news.
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
