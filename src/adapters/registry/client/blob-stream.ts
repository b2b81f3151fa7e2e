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
  hash: Hash;
  handedOn: number;
  /** Those that sent it. */
  readonly hosts: Set<string>;
  /** No more is wanted. What comes then proves what came before. */
  isStopped: boolean;
}

const hashOf = ({ digest }: Pick<Descriptor, 'digest'>): Hash => {
  const parsed = parseDigest(digest);
  return createHash(parsed.ok ? algorithmOf(parsed.value) : 'sha256');
};

export const startDelivery = (
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  take: TakeChunk,
): BlobDelivery => ({
  descriptor,
  take,
  hash: hashOf(descriptor),
  handedOn: 0,
  hosts: new Set(),
  isStopped: false,
});

/** Nothing of what was handed on counts. */
const beginAnew = (delivery: BlobDelivery): void => {
  delivery.hash = hashOf(delivery.descriptor);
  delivery.handedOn = 0;
  delivery.hosts.clear();
  delivery.isStopped = false;
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

/**
 * Hands on what is new in a response. Where another host can have it, or has sent a part of it, the digest has to say whether
 * bytes of which no more is wanted are those of the image.
 */
const handOn = async (
  { response, subject, known: before, length }: Part,
  delivery: BlobDelivery,
  isMirror: boolean,
): Promise<Result<StreamEnd, RegistryFailure>> => {
  let skip = before;
  const read = await response.stream(length, async (chunk) => {
    const fresh = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - fresh.length;
    if (fresh.length === 0) return true;
    const at = delivery.handedOn;
    delivery.hosts.add(subject.host);
    delivery.hash.update(fresh);
    delivery.handedOn += fresh.length;
    delivery.isStopped ||= !(await delivery.take(fresh, at));
    return !delivery.isStopped || isMirror || delivery.hosts.size > 1;
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
  target: BlobTarget,
  path: string,
  delivery: BlobDelivery,
): Promise<RegistryAnswer<StreamEnd>> => {
  const { digest, size } = delivery.descriptor;
  // A connection may end behind the last byte.
  if (delivery.handedOn < size || size === 0) {
    const part = await askForRest(auth, target, path, delivery);
    if (!part.ok) return part.error;
    const end = await handOn(part.value, delivery, target.isMirror);
    if (!end.ok) return unavailableBy(end.error);
    if (end.value === 'stopped') return known('stopped');
  }
  return delivery.hash.copy().digest('hex') === hexOf(digest)
    ? known(delivery.isStopped ? 'stopped' : 'whole')
    : corrupt(blobSubject(target, digest), 'its bytes have another digest');
};

/** A host that may have the blob. */
export interface BlobTarget extends ReadTarget {
  readonly isMirror: boolean;
}

const isCorrupt = (found: RegistryAnswer<unknown>): boolean =>
  found.state === 'unavailable' && found.why.unreadable === true;

/**
 * GET of a blob that is handed on as it comes. A try that breaks off is followed by one more, which begins where the first
 * ended: by Range, or by skipping what came before. The hash of all that was handed on proves both. What a host has spoiled begins
 * anew at the next one, and at the same one where nobody knows which of several has.
 * @see OCI distribution-spec 1.1, "Pulling blobs"; RFC 9110, section 14
 */
export const streamBlob = async (
  auth: Auth,
  target: BlobTarget,
  delivery: BlobDelivery,
): Promise<RegistryAnswer<StreamEnd>> => {
  const { digest, size } = delivery.descriptor;
  const subject = blobSubject(target, digest);
  if (!Number.isSafeInteger(size) || size < 0) return corrupt(subject, 'its descriptor has no size');
  const location = digestPath(target, 'blobs', digest);
  if ('why' in location) return invalid(subject, location.why);
  const tryTwice = async (): Promise<RegistryAnswer<StreamEnd>> => {
    const first = await readOn(auth, target, location.path, delivery);
    return mayGoOn(first, target) ? readOn(auth, target, location.path, delivery) : first;
  };
  const tryWhileMixed = async (): Promise<RegistryAnswer<StreamEnd>> => {
    const found = await tryTwice();
    if (!isCorrupt(found)) return found;
    const isMixed = delivery.hosts.size > 1;
    beginAnew(delivery);
    return isMixed ? tryWhileMixed() : found;
  };
  return tryWhileMixed();
};
