import type { CandidateSource } from '../../core/facts/claim.ts';
import { absent, known, unavailableBy } from '../../core/facts/fact.ts';
import type { Digest } from '../../core/image/digest.ts';
import { isTag } from '../../core/image/grammar.ts';
import { accountKey } from '../cache/access-grants.ts';
import type { RegistryAnswer } from '../ports.ts';
import type { ProviderParts } from '../provider.ts';
import type { ReadPlace } from '../read-content.ts';
import type { Reading } from '../resolve/read-budget.ts';
import type { Candidate } from './candidate.ts';

/** What one source names. */
export interface CandidateList {
  readonly candidates: readonly Candidate[];
  /** There are more than were read, or what stands there cannot be read: at least so many. */
  readonly left: number;
}

type TagSource = Exclude<CandidateSource, 'referrers' | 'referrers-tag'>;
const suffixes: Readonly<Record<TagSource, string>> = { 'signature-tag': 'sig', 'attestation-tag': 'att' };

/** `sha256-<hex>.sig`, as cosign up to version 2 writes it. */
const tagOf = (digest: Digest, source: TagSource): string =>
  `${digest.replace(':', '-')}.${suffixes[source]}`;

/** HEAD first: most images have no such tag, and Docker Hub counts GETs alone. Its digest is a hint where to read. */
const readTag = async (
  { registry, content }: ProviderParts,
  { repository, credential }: ReadPlace,
  tag: string,
  reading: Reading,
): Promise<RegistryAnswer<Digest>> => {
  const head = await registry.head(repository, { tag }, credential, reading);
  if (head.state === 'absent') return head;
  if (head.state === 'known' && head.value !== undefined) return known(head.value);
  // A registry may be unable to HEAD and able to GET.
  if (head.state === 'unavailable' && head.why.kind !== 'invalid') return head;
  const got = await registry.manifest(repository, { tag }, credential, reading);
  if (got.state !== 'known') return got;
  content.put({ ...repository, digest: got.value.digest }, got.value.bytes);
  return known(got.value.digest);
};

const ask = async (
  parts: ProviderParts,
  place: ReadPlace,
  { digest, source }: { readonly digest: Digest; readonly source: CandidateSource },
  reading: Reading,
): Promise<RegistryAnswer<CandidateList>> => {
  if (source === 'referrers' || source === 'referrers-tag') {
    const image = { ...place.repository, digest };
    const list = await parts.registry.referrers(image, source, place.credential, reading);
    if (list.state !== 'known') return list;
    const { descriptors, isCut } = list.value;
    const candidates = descriptors.map((descriptor): Candidate => {
      const { mediaType: _, platform: __, ...hints } = descriptor;
      return { ...hints, sources: [source] };
    });
    return known({ candidates, left: isCut === true ? 1 : 0 });
  }
  const tag = tagOf(digest, source);
  // The hex digits of sha512 are longer than a tag may be.
  if (!isTag(tag)) return absent;
  const found = await readTag(parts, place, tag, reading);
  return found.state === 'known'
    ? known({ candidates: [{ digest: found.value, sources: [source] }], left: 0 })
    : found;
};

/**
 * What one source names for an image. What cannot be read because of who pushed it is no outage: there is something, and it
 * is left (S3).
 */
export const listCandidates = async (
  parts: ProviderParts,
  place: ReadPlace,
  wanted: { readonly digest: Digest; readonly source: CandidateSource },
  reading: Reading,
): Promise<RegistryAnswer<CandidateList>> => {
  const { repository, credential, outage } = place;
  if (outage !== undefined) return unavailableBy(outage);
  const account = accountKey({ repository, credential: credential.key });
  const key = `candidates ${wanted.source} ${wanted.digest} ${account}`;
  const plan = { key, host: repository.host, stage: 'referrers' } as const;
  const answer = await parts.sharedReads.do(plan, reading, (shared) => ask(parts, place, wanted, shared));
  if (answer.state !== 'unavailable') return answer;
  const { unreadable, kind } = answer.why;
  return unreadable === true || kind === 'limit' ? known({ candidates: [], left: 1 }) : answer;
};
