import { known, unavailableBy } from '../../../core/facts/fact.ts';
import type { Digest } from '../../../core/image/digest.ts';
import { shown } from '../../../core/text/shown-text.ts';
import { isDigestOf } from '../../../evidence/content-digest.ts';
import type { Descriptor } from '../../../core/oci/descriptor.ts';
import type { Content, RegistryAnswer } from '../../../evidence/ports.ts';
import type { Auth } from '../auth/auth.ts';
import type { AuthorizedResponse } from '../auth/authorized-request.ts';
import type { HttpResponse } from '../http/http.ts';
import { readContentBody } from './content-body.ts';
import { beyondLimit, invalid, corrupt, statusAnswer, type Subject } from './failure.ts';
import { digestPath, type ReadTarget, subjectOf } from './read-target.ts';

export const blobSubject = (target: ReadTarget, digest: Digest): Subject =>
  subjectOf(target, 'blob', `the blob ${shown(digest)} of ${shown(target.repository)}`);

/** Statuses behind which the blob may still be: HEAD is not known here, or not to the host where its bytes lie. */
const mayHideBlob = ({ status, url }: HttpResponse, path: string): boolean =>
  status === 405 || status === 501 || ((status === 400 || status === 403) && url.pathname !== path);

/**
 * HEAD of a blob. It transfers nothing, and so proves nothing about the bytes. Where HEAD leads nowhere it is asked for by GET,
 * whose bytes are not read: links of object stores are often signed for GET alone.
 */
export const headBlob = async (
  auth: Auth,
  target: ReadTarget,
  digest: Digest,
): Promise<RegistryAnswer<true>> => {
  const subject = blobSubject(target, digest);
  const location = digestPath(target, 'blobs', digest);
  if ('why' in location) return invalid(subject, location.why);
  const ask = (method: 'HEAD' | 'GET'): Promise<AuthorizedResponse> =>
    auth.send({ ...target, path: location.path, method, stage: 'blob' });
  let answer = await ask('HEAD');
  if (answer.ok && mayHideBlob(answer.value.response, location.path)) {
    answer.value.response.discard();
    answer = await ask('GET');
  }
  if (!answer.ok) return unavailableBy(answer.error);
  const { response } = answer.value;
  if (response.status !== 200) return statusAnswer(answer.value, subject);
  response.discard();
  return known(true);
};

/**
 * GET of a blob. It must have exactly the size and the digest of its descriptor. No request is sent when the descriptor names
 * more than `limit` bytes.
 * @see OCI distribution-spec 1.1, "Pulling blobs"
 */
export const getBlob = async (
  auth: Auth,
  target: ReadTarget,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  limit: number,
): Promise<RegistryAnswer<Content>> => {
  const subject = blobSubject(target, digest);
  if (!Number.isSafeInteger(size) || size < 0) return corrupt(subject, 'its descriptor has no size');
  if (size > limit) return beyondLimit(subject, `it has ${size} bytes, at most ${limit} are read`);
  const location = digestPath(target, 'blobs', digest);
  if ('why' in location) return invalid(subject, location.why);
  const answer = await auth.send({ ...target, path: location.path, method: 'GET', stage: 'blob' });
  if (!answer.ok) return unavailableBy(answer.error);
  const { response } = answer.value;
  if (response.status !== 200) return statusAnswer(answer.value, subject);
  const body = await readContentBody(response, subject, { min: size, max: size }, target.budget);
  if (!body.ok) return unavailableBy(body.error);
  if (!isDigestOf(body.value, digest)) return corrupt(subject, 'its bytes have another digest');
  return known({ digest, bytes: body.value });
};
