import { fail, type Result } from '../../../core/result.ts';
import type { ReadBudget, RegistryFailure } from '../../../evidence/ports.ts';
import { failureOf, type Subject } from './failure.ts';
import type { HttpResponse } from '../http/http.ts';

interface Bounds {
  readonly min: number;
  readonly max: number;
}

const spent = (subject: Subject): RegistryFailure =>
  failureOf(
    subject,
    'limit',
    `${subject.what} of ${subject.host} was not read: this review may read no more from registries`,
  );

const lengthOf = (response: HttpResponse): number | undefined => {
  const header = response.headers['content-length'];
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
};

/**
 * Why a body is not read at all: it is compressed (a few bytes could become gigabytes, B9), or its announced length is out of
 * bounds.
 */
export const whyUnread = (
  response: HttpResponse,
  subject: Subject,
  { min, max }: Bounds,
): RegistryFailure | undefined => {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== '') {
    const why = `${subject.host} answered the question for ${subject.what} with a Content-Encoding that was not asked for`;
    return failureOf(subject, 'invalid', why);
  }
  const length = lengthOf(response);
  if (length === undefined || (length >= min && length <= max)) return undefined;
  if (min === max) {
    const why = `${subject.host} announced ${length} bytes for ${subject.what}, which has ${max}`;
    return lie(subject, why);
  }
  const why = `${subject.what} of ${subject.host} was not read: it has ${length} bytes, at most ${max} are read`;
  return failureOf(subject, 'limit', why);
};

/** The descriptor names a wrong size. The pusher wrote it. */
export const lie = (subject: Subject, why: string): RegistryFailure => ({
  ...failureOf(subject, 'invalid', why),
  unreadable: true,
});

const readWhole = async (
  response: HttpResponse,
  subject: Subject,
  { min, max }: Bounds,
): Promise<Result<Uint8Array, RegistryFailure>> => {
  const body = await response.read(max);
  const name = `${subject.what} of ${subject.host}`;
  if (!body.ok) {
    // With more bytes than the descriptor names, the descriptor is wrong. No limit of the gate is the cause.
    if (body.error.kind !== 'limit' || min < max) return body;
    return fail(lie(subject, `${name} has more than its ${max} bytes`));
  }
  if (body.value.length >= min) return body;
  return fail(lie(subject, `${name} has ${body.value.length} bytes instead of ${min}`));
};

/**
 * Reads a whole body of `min` to `max` bytes. Bytes are taken from the budget of the review as soon as their number is known:
 * announced bytes before they are read.
 */
export const readContentBody = async (
  response: HttpResponse,
  subject: Subject,
  { min = 0, max }: { readonly min?: number; readonly max: number },
  budget: ReadBudget,
): Promise<Result<Uint8Array, RegistryFailure>> => {
  const bounds = { min, max };
  const counted = min === max ? max : (lengthOf(response) ?? 0);
  const why = whyUnread(response, subject, bounds) ?? (budget.take(counted) ? undefined : spent(subject));
  if (why !== undefined) {
    response.discard();
    return fail(why);
  }
  const body = await readWhole(response, subject, bounds);
  if (!body.ok) return body;
  const uncounted = body.value.length - counted;
  return uncounted > 0 && !budget.take(uncounted) ? fail(spent(subject)) : body;
};
