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
/** Most referrers of the API, of the fallback tag, and of both together. */
const maxReferrers = 256;

/** Statuses of registries without the API. distribution-spec wants 404; some find the path or the method wrong. */
const unknownApi: ReadonlySet<number> = new Set([400, 404, 405, 406, 410, 501]);

/** Also true for a host that answers every path with its web page. */
const hasNoApi = ({ status, headers }: HttpResponse): boolean =>
  unknownApi.has(status) ||
  (status === 200 && headers['content-type']?.toLowerCase().startsWith('text/html') === true);

/** `sha256-<hex>`. Longer digests are cut (distribution-spec 1.1, "Referrers Tag Schema"). */
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
    // Without `?artifactType=`: registries fill that field differently, and a filter would lose referrers.
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
 * Everything that claims to refer to a digest. The Referrers API and the fallback tag are both always asked, and their lists
 * are joined by digest: a registry that got the API late still has the tags of older clients. The two requests are
 * concurrent, so the second one takes no extra time. When either fails the whole list is unavailable, since half a list is
 * not the list. At most 4 pages and 256 entries are read; entries that name nothing are left out. `OCI-Filters-Applied` is
 * ignored, since no filter is requested.
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
