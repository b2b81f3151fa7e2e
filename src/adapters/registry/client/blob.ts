import { shown } from '../../../core/text/shown-text.ts';
import { isDigestOf } from '../../../evidence/content-digest.ts';
import type { Descriptor } from '../../../core/oci/descriptor.ts';
import type { Content, RegistryAnswer } from '../../../evidence/ports.ts';
import type { Auth } from '../auth/auth.ts';
import { readBody } from './content-body.ts';
import { beyondLimit, invalid, corrupt, statusAnswer, unavailableBy } from './failure.ts';
import { ask, digestPath, type Site, subjectOf } from './site.ts';

/**
 * GET of a blob: exactly as many bytes as its descriptor says, with that digest. Nothing is asked for when the descriptor
 * names more than `limit`.
 * @see OCI distribution-spec 1.1, "Pulling blobs"
 */
export const getBlob = async (
  auth: Auth,
  site: Site,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  limit: number,
): Promise<RegistryAnswer<Content>> => {
  const subject = subjectOf(site, 'blob', `the blob ${shown(digest)} of ${shown(site.repository)}`);
  if (!Number.isSafeInteger(size) || size < 0) return corrupt(subject, 'its descriptor has no size');
  if (size > limit) return beyondLimit(subject, `it has ${size} bytes, at most ${limit} are read`);
  const target = digestPath(site, 'blobs', digest);
  if ('why' in target) return invalid(subject, target.why);
  const answer = await ask(auth, site, { path: target.path, method: 'GET', stage: 'blob' });
  if (!answer.ok) return unavailableBy(answer.failure);
  const { response } = answer;
  if (response.status !== 200) return statusAnswer(answer, subject);
  const body = await readBody(response, subject, { min: size, max: size }, site.budget);
  if (!body.ok) return unavailableBy(body.error);
  if (!isDigestOf(body.value, digest)) return corrupt(subject, 'its bytes have another digest');
  return { state: 'known', value: { digest, bytes: body.value } };
};
