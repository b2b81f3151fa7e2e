import { known } from '../../../core/facts/fact.ts';
import { shown } from '../../../core/text/shown-text.ts';
import { readReferrers } from '../../../core/oci/descriptor.ts';
import { algorithmOf, hexOf, type Digest } from '../../../core/image/digest.ts';
import type {
  ExpectedReferrers,
  ReferrersList,
  ReferrersSource,
  RegistryAnswer,
} from '../../../evidence/ports.ts';
import type { Auth } from '../auth/auth.ts';
import { corrupt, invalid, type Subject } from './failure.ts';
import { getManifest, headManifest } from './manifest.ts';
import { readList } from './pages.ts';
import { digestPath, type ReadTarget, subjectOf } from './read-target.ts';
import type { HttpResponse } from '../http/http.ts';
import { maxManifestBytes } from './manifest-bytes.ts';
import type { RegistrySettings } from '../settings.ts';

/** ECR gives out 50 entries a page. */
const maxPages = 32;
/** Entries of the API, and of the fallback tag. */
const maxReferrers = 1024;

/** Statuses of registries without the API. distribution-spec wants 404; some find the path or the method wrong. */
const unknownApi: ReadonlySet<number> = new Set([400, 404, 405, 406, 410, 501]);

/** Also true for a host that answers every path with its web page. */
const hasNoApi = ({ status, headers }: HttpResponse): boolean =>
  unknownApi.has(status) ||
  (status === 200 && headers['content-type']?.toLowerCase().startsWith('text/html') === true);

/** `sha256-<hex>`. Longer digests are cut (distribution-spec 1.1, "Referrers Tag Schema"). */
export const fallbackTag = (digest: Digest): string =>
  `${algorithmOf(digest).slice(0, 32)}-${hexOf(digest).slice(0, 64)}`;

interface Referred {
  readonly digest: Digest;
  readonly subject: Subject;
}

const fromApi = async (
  auth: Auth,
  target: ReadTarget,
  settings: RegistrySettings,
  { digest, subject }: Referred,
): Promise<RegistryAnswer<ReferrersList>> => {
  const location = digestPath(target, 'referrers', digest);
  if ('why' in location) return invalid(subject, location.why);
  const answer = await readList(auth, target, settings, {
    subject,
    path: location.path,
    // Without `?artifactType=`: registries fill that field differently, and a filter would lose referrers.
    accept: 'application/vnd.oci.image.index.v1+json',
    maxPages,
    maxPageBytes: maxManifestBytes,
    maxItems: maxReferrers,
    itemsOf: readReferrers,
    isMissing: hasNoApi,
  });
  if (answer.state !== 'known') return answer;
  const { items, isCut } = answer.value;
  return known({ descriptors: items, ...(isCut && { isCut }) });
};

/** @returns undefined when it has to be read */
const headTag = async (
  auth: Auth,
  target: ReadTarget,
  tag: string,
  before: Digest | undefined,
): Promise<RegistryAnswer<'unchanged'> | undefined> => {
  const there = await headManifest(auth, target, { tag }, 'referrers');
  if (there.state === 'known')
    return before !== undefined && there.value === before ? known('unchanged') : undefined;
  // A registry may be unable to HEAD and able to GET.
  return there.state === 'unavailable' && there.why.kind === 'invalid' ? undefined : there;
};

/** HEAD first where the tag is not likely, or was read before: most images have none, and Docker Hub counts GETs alone. */
const fromTag = async (
  auth: Auth,
  target: ReadTarget,
  { digest, subject }: Referred,
  { isLikely = false, before }: ExpectedReferrers,
): Promise<RegistryAnswer<ReferrersList | 'unchanged'>> => {
  const tag = fallbackTag(digest);
  const there = isLikely ? undefined : await headTag(auth, target, tag, before);
  if (there !== undefined) return there;
  const manifest = await getManifest(auth, target, { tag }, 'referrers');
  if (manifest.state !== 'known') return manifest;
  if (manifest.value.shape !== 'index') return corrupt(subject, `the tag ${tag} is not an index`);
  const found = readReferrers(manifest.value.object);
  if (!found.ok) return corrupt(subject, `the tag ${tag} cannot be read: ${found.error}`);
  const isCut = found.value.length > maxReferrers;
  const descriptors = found.value.slice(0, maxReferrers);
  return known({ descriptors, index: manifest.value.digest, ...(isCut && { isCut }) });
};

/**
 * What says that it refers to a digest, by the Referrers API or under the fallback tag. Entries that name nothing are left
 * out. `OCI-Filters-Applied` means nothing here: no filter is asked for. A tag that is no index is the fault of its
 * pusher.
 * @see OCI distribution-spec 1.1, "Listing Referrers" and "Unavailable Referrers API"
 */
export const getReferrers = (
  auth: Auth,
  target: ReadTarget,
  settings: RegistrySettings,
  {
    digest,
    from,
    expected,
  }: { readonly digest: Digest; readonly from: ReferrersSource; readonly expected: ExpectedReferrers },
): Promise<RegistryAnswer<ReferrersList | 'unchanged'>> => {
  const what = `the list of referrers to ${shown(`${target.repository}@${digest}`)}`;
  const referred: Referred = { digest, subject: subjectOf(target, 'referrers', what) };
  return from === 'referrers'
    ? fromApi(auth, target, settings, referred)
    : fromTag(auth, target, referred, expected);
};
