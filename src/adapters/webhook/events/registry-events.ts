import { createHash, timingSafeEqual } from 'node:crypto';
import type { JsonValue } from '../../../core/text/json/json.ts';
import { parseJson } from '../../../core/text/json/parse-json.ts';
import type { Deadline } from '../../../gate/deadline.ts';
import type { RegistryEvents, RegistryEventSource } from '../../../gate/prefetch/registry-events.ts';
import { jsonError, type WebAnswer } from '../server/answer.ts';
import type { OnProblem } from '../handlers.ts';
import { createBodyReader, type WebRequest } from '../server/body-reader.ts';
import type { RequestRejection } from '../admission/rejection.ts';
import { readPushes, type UnreadEvents } from './registry-event-formats.ts';
import { scanJson } from '../admission/json-scan.ts';
import { createLargeBodyLock } from '../server/large-body-lock.ts';

/** Largest body that a registry may send. */
const maxBodyBytes = 1024 * 1024;
/** Apart from the bytes of reviews: what registries send takes nothing from them, not even when a token is stolen. */
const maxBytesInFlight = 8 * maxBodyBytes;

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

const bearerOf = ({ headers }: WebRequest): string | undefined =>
  /^bearer {1,16}([^\s]{1,4096}) {0,16}$/i.exec(headers.authorization ?? '')?.[1];

/**
 * The source of this token. Compares with every source by the hash of its token, so that the time shows neither how
 * much of a guess was right nor for which source.
 */
const sourceOf = (
  sources: readonly RegistryEventSource[],
  given: string | undefined,
): RegistryEventSource | undefined => {
  const wanted = digestOf(given ?? '');
  let found: RegistryEventSource | undefined;
  for (const source of sources) {
    const token = source.token() ?? '';
    const equal = timingSafeEqual(wanted, digestOf(token));
    if (equal && token !== '' && given !== undefined) found ??= source;
  }
  return found;
};

const unauthorized: WebAnswer = {
  status: 401,
  text: jsonError('unauthorized', 'send the bearer token of a source of registry events'),
  headers: ['WWW-Authenticate', 'Bearer'],
};

const badRequest = (message: string): WebAnswer => ({
  status: 400,
  text: jsonError('malformed-request', message),
});

const unread = ({ kind, message }: UnreadEvents): WebAnswer =>
  kind === 'too-many' ? { status: 413, text: jsonError('too-large', message) } : badRequest(message);

/** The answers to bodies that could not be read; any other rejection is a bad request. */
const bodyAnswers: Partial<
  Record<RequestRejection['code'], { readonly status: number; readonly message: string }>
> = {
  'too-large': { status: 413, message: 'the request body is larger than 1 MiB' },
  overloaded: { status: 503, message: 'too many registry events at one time' },
  'deadline-exceeded': { status: 408, message: 'the request body did not arrive in time' },
};

const accepted = (counts: Readonly<Record<string, number>>): WebAnswer => ({
  status: 202,
  text: `${JSON.stringify(counts)}\n`,
});

const tooMany: WebAnswer = {
  status: 503,
  text: jsonError('overloaded', 'too many registry events at one time'),
};

const bodyRejected = ({ code, message }: RequestRejection): WebAnswer => {
  const known = bodyAnswers[code];
  if (known === undefined) return badRequest(message);
  return { status: known.status, text: jsonError(code, known.message) };
};

const parse = (bytes: Buffer): JsonValue | undefined =>
  scanJson(bytes) === undefined ? parseJson(bytes.toString('utf8')) : undefined;

/** The endpoint for registry events. */
export interface RegistryEventsEndpoint {
  /** Whether there is a source; without one the endpoint does not exist. */
  isOpen(): boolean;
  /**
   * Reads and answers; `undefined` when the client left. A request without the token of a source is rejected before a byte
   * of the body is read. The images are looked at after the answer.
   */
  answer(request: WebRequest, deadline: Deadline): Promise<WebAnswer | undefined>;
  close(): void;
}

/**
 * `POST /registry-events`: registries report pushes, so that facts are cached before a Pod needs them. An event is
 * only a hint: images are judged by the answers of their registry. Registries cannot show client certificates, so
 * they use a bearer token.
 */
export const createRegistryEventsEndpoint = (
  events: RegistryEvents,
  onProblem: OnProblem,
): RegistryEventsEndpoint => {
  const bodyReader = createBodyReader({ maxBodyBytes, maxBytesInFlight });
  const lock = createLargeBodyLock();
  const reportRefused = (message: string): void => onProblem({ kind: 'event-refused', message });

  const accept = (request: WebRequest, source: RegistryEventSource, bytes: Buffer): WebAnswer => {
    const json = parse(bytes);
    if (json === undefined) return badRequest('the request body is not JSON in UTF-8');
    const pushes = readPushes(source, request.headers, json);
    if (!pushes.ok) return unread(pushes.error);
    const { images, attached, ignored, foreign } = pushes.value;
    if (foreign > 0) reportRefused(`source ${source.name} told of hosts that are not configured for it`);
    attached.forEach((image) => events.attached(image));
    const taken = images.filter((image) => events.pushed(image)).length;
    const dropped = images.length - taken;
    if (dropped > 0)
      onProblem({ kind: 'event-dropped', message: 'pushed images are not looked at: too many' });
    // A registry sends rejected events again: unusable ones are accepted and ignored.
    return accepted({ accepted: taken + attached.length, ignored: ignored + foreign, dropped });
  };

  /** One request in an iteration of the event loop: a flood of events must not keep reviews waiting (B9). */
  const acceptWithLock = async (
    request: WebRequest,
    source: RegistryEventSource,
    bytes: Buffer,
    deadline: Deadline,
  ): Promise<WebAnswer> => {
    const release = await lock.acquire('', deadline);
    if (release === undefined) return tooMany;
    try {
      return accept(request, source, bytes);
    } finally {
      release();
    }
  };

  return {
    isOpen: () => events.sources().length > 0,
    answer: async (request, deadline) => {
      const source = sourceOf(events.sources(), bearerOf(request));
      if (source === undefined) {
        reportRefused('a registry event came without the token of a source');
        return unauthorized;
      }
      const body = await bodyReader.read(request, deadline);
      if (body.state === 'gone') return undefined;
      let answer: WebAnswer;
      try {
        answer =
          body.state === 'rejected'
            ? bodyRejected(body.rejection)
            : await acceptWithLock(request, source, body.bytes, deadline);
      } finally {
        if (body.state === 'whole') body.release();
      }
      if (answer.status >= 400) reportRefused(`a request of source ${source.name} was refused`);
      return answer;
    },
    close: () => bodyReader.close(),
  };
};
