import { shown } from '../../../core/text/shown-text.ts';
import { isTag } from '../../../core/image/grammar.ts';
import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { RegistryAnswer } from '../../../evidence/ports.ts';
import type { Auth } from '../auth/auth.ts';
import { invalid } from './failure.ts';
import { readList } from './pages.ts';
import { pathIn, type Site, subjectOf } from './site.ts';
import type { RegistrySettings } from '../settings.ts';

const pageSize = 1000;
const maxPages = 10;
const maxTags = 10_000;
const maxPageBytes = 1024 * 1024;

/** Entries that no reference could name are left out. */
const tagsOf = ({ tags }: JsonObject): Result<readonly string[], string> => {
  if (tags === null) return ok([]);
  if (!Array.isArray(tags)) return fail('it is not a list of tags');
  return ok((tags as readonly JsonValue[]).filter((tag) => typeof tag === 'string').filter(isTag));
};

/**
 * The tags of a repository, in the order of the registry. At most 10 pages of 1 MiB and 10,000 tags; a longer list is a
 * `limit`, never a part of it.
 * @see OCI distribution-spec 1.1, "Listing Tags"
 */
export const getTags = async (
  auth: Auth,
  site: Site,
  settings: RegistrySettings,
): Promise<RegistryAnswer<readonly string[]>> => {
  const subject = subjectOf(site, 'tags', `the list of tags of ${shown(site.repository)}`);
  const target = pathIn(site, `tags/list?n=${pageSize}`);
  if ('why' in target) return invalid(subject, target.why);
  return readList(auth, site, settings, {
    subject,
    path: target.path,
    accept: 'application/json',
    maxPages,
    maxPageBytes: maxPageBytes,
    maxItems: maxTags,
    itemsOf: tagsOf,
  });
};
