import { known } from '../../../core/facts/fact.ts';
import { shown } from '../../../core/text/shown-text.ts';
import { readReferrers, type Descriptor } from '../../../core/oci/descriptor.ts';
import { algorithmOf, hexOf, type Digest } from '../../../core/image/digest.ts';
import type { RegistryAnswer } from '../../../evidence/ports.ts';
import type { Auth } from '../auth/auth.ts';
import { beyondLimit, invalid, type Subject } from './failure.ts';
import { getManifest } from './manifest.ts';
import { readList } from './pages.ts';
import { digestPath, type ReadTarget, subjectOf } from './read-target.ts';
import type { HttpResponse } from '../http/http.ts';
import { maxManifestBytes } from './manifest-bytes.ts';
import type { RegistrySettings } from '../settings.ts';

const maxPages = 4;
/** Limit of the referrers of the API and of the fallback tag, each and together. */
const maxReferrers = 256;

/** What registries without the API say: distribution-spec asks for 404, others find path or method unknown or bad. */
const unknownApi: ReadonlySet<number> = new Set([400, 404, 405, 406, 410, 501]);

/** Also a host that answers every path with its web page. */
const hasNoApi = ({ status, headers }: HttpResponse): boolean =>
  unknownApi.has(status) ||
  (status === 200 && headers['content-type']?.toLowerCase().startsWith('text/html') === true);

/** `sha256-<hex>`; the longer digests are cut (distribution-spec 1.1, "Referrers Tag Schema"). */
export const fallbackTag = (digest: Digest): string =>
  `${algorithmOf(digest).slice(0, 32)}-${hexOf(digest).slice(0, 64)}`;

const fromApi = (
  auth: Auth,
  target: ReadTarget,
  settings: RegistrySettings,
  { subject, path }: { readonly subject: Subject; readonly path: string },
): Promise<RegistryAnswer<readonly Descriptor[]>> =>
  readList(auth, target, settings, {
    subject,
    path,
    // Without `?artifactType=`: a registry fills that field as it likes, and a filter would lose what it misjudges.
    accept: 'application/vnd.oci.image.index.v1+json',
    maxPages,
    maxPageBytes: maxManifestBytes,
    maxItems: maxReferrers,
    itemsOf: readReferrers,
    isMissing: hasNoApi,
  });

const fromTag = async (
  auth: Auth,
  target: ReadTarget,
  digest: Digest,
  subject: Subject,
): Promise<RegistryAnswer<readonly Descriptor[]>> => {
  const tag = fallbackTag(digest);
  const manifest = await getManifest(auth, target, { tag }, 'referrers');
  if (manifest.state !== 'known') return manifest;
  if (manifest.value.shape !== 'index') return invalid(subject, `the tag ${tag} is not an index`);
  const found = readReferrers(manifest.value.object);
  if (!found.ok) return invalid(subject, `the tag ${tag} cannot be read: ${found.error}`);
  return known(found.value);
};

const listed = (answer: RegistryAnswer<readonly Descriptor[]>): readonly Descriptor[] =>
  answer.state === 'known' ? answer.value : [];

/**
 * Everything that says it refers to a digest: the Referrers API and the fallback tag, both always, joined by digest. A
 * registry that got the API late still has the tags that older clients wrote. The two questions go out together, so
 * the second one costs a request and no time; either of them failing makes the whole unavailable, since half a list is
 * not the list. At most 4 pages and 256 entries; entries that name nothing are left out. `OCI-Filters-Applied` means
 * nothing here: no filter is asked for.
 * @see OCI distribution-spec 1.1, "Listing Referrers" and "Unavailable Referrers API"
 */
export const getReferrers = async (
  auth: Auth,
  target: ReadTarget,
  settings: RegistrySettings,
  digest: Digest,
): Promise<RegistryAnswer<readonly Descriptor[]>> => {
  const subject = subjectOf(
    target,
    'referrers',
    `the list of referrers to ${shown(`${target.repository}@${digest}`)}`,
  );
  const location = digestPath(target, 'referrers', digest);
  if ('why' in location) return invalid(subject, location.why);
  const [api, tag] = await Promise.all([
    fromApi(auth, target, settings, { subject, path: location.path }),
    fromTag(auth, target, digest, subject),
  ]);
  if (api.state === 'unavailable') return api;
  if (tag.state === 'unavailable') return tag;
  const joined = new Map<string, Descriptor>();
  for (const descriptor of [...listed(api), ...listed(tag)]) {
    if (!joined.has(descriptor.digest)) joined.set(descriptor.digest, descriptor);
  }
  if (joined.size > maxReferrers) return beyondLimit(subject, `it has more than ${maxReferrers} entries`);
  return known([...joined.values()]);
};
