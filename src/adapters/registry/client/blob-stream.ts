import { createHash, type Hash } from 'node:crypto';
import { algorithmOf, hexOf, parseDigest } from '../../../core/image/digest.ts';
import { known, unavailableBy } from '../../../core/facts/fact.ts';
import type { Descriptor } from '../../../core/oci/descriptor.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { RegistryAnswer, RegistryFailure, TakeChunk } from '../../../evidence/ports.ts';
import type { Auth } from '../auth/auth.ts';
import type { HttpResponse, StreamEnd } from '../http/http.ts';
import { blobSubject } from './blob.ts';
import { lie, whyUnread } from './content-body.ts';
import { corrupt, invalid, invalidAnswer, statusAnswer, type Subject } from './failure.ts';
import { digestPath, type ReadTarget } from './read-target.ts';

/** A blob on its way, through all tries: what was handed on once is not handed on again. */
export interface BlobDelivery {
  readonly descriptor: Pick<Descriptor, 'digest' | 'size'>;
  readonly take: TakeChunk;
  /** Of everything that was handed on. */
  readonly hash: Hash;
  handedOn: number;
  /** What came of it. Nothing that another host delivers can change that. */
  end?: RegistryAnswer<StreamEnd>;
}

export const startDelivery = (
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  take: TakeChunk,
): BlobDelivery => {
  const digest = parseDigest(descriptor.digest);
  return {
    descriptor,
    take,
    hash: createHash(digest.ok ? algorithmOf(digest.value) : 'sha256'),
    handedOn: 0,
  };
};

/** A response that begins where the delivery ended, or at the start of the blob. */
interface Part {
  readonly response: HttpResponse;
  readonly subject: Subject;
  /** Bytes that were handed on before, and come again. */
  readonly known: number;
  readonly length: number;
}

/** Whether a partial response is the rest that was asked for. Its end is that of the blob. */
const isRest = ({ headers }: HttpResponse, from: number, size: number): boolean => {
  const [, first, last, whole] =
    /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(headers['content-range'] ?? '') ?? [];
  return Number(first) === from && Number(last) === size - 1 && (whole === '*' || Number(whole) === size);
};

/** Hands on what is new in a response. */
const handOn = async (
  { response, subject, known: before, length }: Part,
  delivery: BlobDelivery,
): Promise<Result<StreamEnd, RegistryFailure>> => {
  let skip = before;
  const read = await response.stream(length, (chunk) => {
    const fresh = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - fresh.length;
    if (fresh.length === 0) return Promise.resolve(true);
    delivery.hash.update(fresh);
    delivery.handedOn += fresh.length;
    return delivery.take(fresh);
  });
  const { size } = delivery.descriptor;
  const name = `${subject.what} of ${subject.host}`;
  // With more bytes than the descriptor names, the descriptor is wrong. No limit of the gate is the cause.
  if (!read.ok)
    return read.error.kind === 'limit' ? fail(lie(subject, `${name} has more than its ${size} bytes`)) : read;
  if (read.value === 'stopped' || delivery.handedOn === size) return read;
  return fail(lie(subject, `${name} has ${delivery.handedOn} bytes instead of ${size}`));
};

/** Asks for what is missing of a blob. */
const askForRest = async (
  auth: Auth,
  target: ReadTarget,
  path: string,
  { descriptor: { digest, size }, handedOn }: BlobDelivery,
): Promise<Result<Part, RegistryAnswer<never>>> => {
  const subject = blobSubject(target, digest);
  const range = handedOn === 0 ? {} : { range: `bytes=${handedOn}-` };
  const answer = await auth.send({ ...target, ...range, path, method: 'GET', stage: 'blob', isBulk: true });
  if (!answer.ok) return fail(unavailableBy(answer.error));
  const { response } = answer.value;
  const isPartial = response.status === 206 && handedOn > 0;
  if (!isPartial && response.status !== 200) return fail(await statusAnswer(answer.value, subject));
  const length = isPartial ? size - handedOn : size;
  const why =
    isPartial && !isRest(response, handedOn, size)
      ? invalidAnswer(subject, 'it sent another part than was asked for')
      : whyUnread(response, subject, { min: length, max: length });
  if (why === undefined) return ok({ response, subject, known: isPartial ? 0 : handedOn, length });
  response.discard();
  return fail(unavailableBy(why));
};

/** What another try may change: the connection ended, or the host fell silent or failed. */
const passing: ReadonlySet<RegistryFailure['kind']> = new Set(['unreachable', 'timeout', 'invalid']);

const mayGoOn = (found: RegistryAnswer<unknown>, { budget }: ReadTarget): boolean =>
  found.state === 'unavailable' &&
  !budget.signal.aborted &&
  passing.has(found.why.kind) &&
  found.why.unreadable !== true;

/** Reads on from where the delivery stands. */
const readOn = async (
  auth: Auth,
  target: ReadTarget,
  path: string,
  delivery: BlobDelivery,
): Promise<RegistryAnswer<StreamEnd>> => {
  const { digest, size } = delivery.descriptor;
  if (delivery.end !== undefined) return delivery.end;
  // A connection may end behind the last byte.
  if (delivery.handedOn < size || size === 0) {
    const part = await askForRest(auth, target, path, delivery);
    if (!part.ok) return part.error;
    const end = await handOn(part.value, delivery);
    if (!end.ok) return unavailableBy(end.error);
    if (end.value === 'stopped') return known('stopped');
  }
  delivery.end =
    delivery.hash.digest('hex') === hexOf(digest)
      ? known('whole')
      : corrupt(blobSubject(target, digest), 'its bytes have another digest');
  return delivery.end;
};

/**
 * GET of a blob that is handed on as it comes. A try that breaks off is followed by one more, which begins where the first
 * ended: by Range, or by skipping what came before. The hash of all that was handed on proves both.
 * @see OCI distribution-spec 1.1, "Pulling blobs"; RFC 9110, section 14
 */
export const streamBlob = async (
  auth: Auth,
  target: ReadTarget,
  delivery: BlobDelivery,
): Promise<RegistryAnswer<StreamEnd>> => {
  const { digest, size } = delivery.descriptor;
  const subject = blobSubject(target, digest);
  if (!Number.isSafeInteger(size) || size < 0) return corrupt(subject, 'its descriptor has no size');
  const location = digestPath(target, 'blobs', digest);
  if ('why' in location) return invalid(subject, location.why);
  const first = await readOn(auth, target, location.path, delivery);
  return mayGoOn(first, target) ? readOn(auth, target, location.path, delivery) : first;
};
