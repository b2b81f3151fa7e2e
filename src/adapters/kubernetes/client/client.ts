import type * as http from 'node:http';
import type * as https from 'node:https';
import { untilAborted } from '../../../concurrency/abort.ts';
import { isJsonObject, type JsonObject } from '../../../core/text/json/json.ts';
import { readForeignValue } from '../../../core/text/json/json-document.ts';
import { parseJson } from '../../../core/text/json/parse-json.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { ApiServerConnection, Credentials } from './connection.ts';
import { type ApiProblem, answerProblem, connectionProblem, localProblem } from './problem.ts';
import { type ApiCall, type ApiVerb, pathOf } from './resource.ts';
import { type ApiStream, createAgents, readAll, send, streamOf } from './transport.ts';

/**
 * A thin JSON client of the Kubernetes API. Errors are values, bounded and free of credentials; every call
 * ends at `signal` or after `callTimeout`, whichever comes first.
 */
export interface ApiClient {
  /** The address of the API server, for messages. */
  readonly server: string;
  request(call: ApiCall, signal: AbortSignal): Promise<Result<JsonObject, ApiProblem>>;
  /** Opens a watch: `signal` ends it; only the time until the headers arrive is limited by `callTimeout`. */
  stream(call: ApiCall, signal: AbortSignal): Promise<Result<ApiStream, ApiProblem>>;
  close(): void;
}

interface ClientOptions {
  /** Of ImageGate, for the user agent. */
  readonly version: string;
  /** Milliseconds, by default 10 s. */
  readonly callTimeout?: number;
}

type Answer = Result<http.IncomingMessage, ApiProblem>;

const methods: Readonly<Record<ApiVerb, string>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
};
const patchTypes = { json: 'application/json-patch+json', merge: 'application/merge-patch+json' } as const;
const maxResponseBytes = 16 * 1024 * 1024;
/** An error answer is a Status of a few hundred bytes. */
const maxErrorBytes = 64 * 1024;

/**
 * Sends calls over HTTP(S): credentials, keep-alive, limits; one retry with fresh credentials after a 401. Nothing
 * is sent before the first call.
 */
export const createClient = (
  connection: ApiServerConnection,
  { version, callTimeout = 10_000 }: ClientOptions,
): ApiClient => {
  const agents = createAgents(connection.server.protocol);
  const server = connection.server.origin;

  const open = async (call: ApiCall, signal: AbortSignal, fresh: boolean): Promise<Answer> => {
    // Exec plugins know no deadline.
    const credentials = await untilAborted(connection.credentials(fresh), signal, () => undefined);
    if (credentials === undefined) return fail(abortProblem(signal, server));
    if (!credentials.ok) return credentials;
    try {
      return ok(await send(requestOf(call, credentials.value), call.body, signal));
    } catch (error) {
      return fail(signal.aborted ? abortProblem(signal, server) : connectionProblem(error, server));
    }
  };
  const requestOf = (call: ApiCall, credentials: Credentials): https.RequestOptions => ({
    protocol: connection.server.protocol,
    hostname: connection.server.hostname.replaceAll(/^\[|\]$/g, ''),
    port: connection.server.port,
    path:
      connection.server.pathname.replace(/\/$/, '') + (call.discovery?.path ?? pathOf(call)) + queryOf(call),
    method: methods[call.verb],
    agent: credentials.agent ?? agents.of(credentials.tls),
    headers: { ...headersOf(call, `imagegate/${version}`), ...credentials.headers },
  });

  const sendOrRetry = async (call: ApiCall, signal: AbortSignal): Promise<Answer> => {
    const first = await open(call, signal, false);
    if (!first.ok || first.value.statusCode !== 401) return requireSuccess(first, call);
    first.value.resume();
    return requireSuccess(await open(call, signal, true), call);
  };

  return {
    server,
    request: async (call, outer) => {
      const signal = AbortSignal.any([outer, AbortSignal.timeout(callTimeout)]);
      const answer = await sendOrRetry(call, signal);
      if (!answer.ok) return answer;
      const text = await readAll(answer.value, call.maxBytes ?? maxResponseBytes);
      if (text.ok) return readObject(text.value, call, server);
      return signal.aborted ? fail(abortProblem(signal, server)) : text;
    },
    stream: async (call, outer) => {
      const headers = new AbortController();
      const timer = setTimeout(() => headers.abort(timedOut()), callTimeout);
      const signal = AbortSignal.any([outer, headers.signal]);
      try {
        const answer = await sendOrRetry(call, signal);
        return answer.ok ? ok(streamOf(answer.value, server)) : answer;
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => agents.close(),
  };
};

const headersOf = (call: ApiCall, userAgent: string): Record<string, string> => {
  const list = call.verb === 'list' ? 'PartialObjectMetadataList' : 'PartialObjectMetadata';
  const accept =
    call.metadataOnly === true
      ? `application/json;as=${list};g=meta.k8s.io;v=v1,application/json`
      : 'application/json';
  const headers: Record<string, string> = {
    accept: call.discovery?.accept ?? accept,
    'user-agent': userAgent,
  };
  if (call.body !== undefined) {
    headers['content-type'] = call.verb === 'patch' ? patchTypes[call.patch ?? 'merge'] : 'application/json';
  }
  return headers;
};

const queryOf = (call: ApiCall): string => {
  const query = new URLSearchParams({ ...call.query, ...(call.verb === 'watch' ? { watch: 'true' } : {}) });
  return query.size === 0 ? '' : `?${query.toString()}`;
};

/** Returns a 2xx answer and turns any other into a problem. */
const requireSuccess = async (opened: Answer, call: ApiCall): Promise<Answer> => {
  if (!opened.ok) return opened;
  const answer = opened.value;
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return opened;
  const text = await readAll(answer, maxErrorBytes);
  const retryAfter = answer.headers['retry-after'];
  return fail(
    answerProblem({ status, body: text.ok ? parseJson(text.value) : undefined, retryAfter }, call.verb, call),
  );
};

/** Users write objects whose bytes are bounded: what is in them is bounded as it is parsed (R24). */
const readObject = (text: string, call: ApiCall, server: string): Result<JsonObject, ApiProblem> => {
  if (call.maxBytes === undefined) return asObject(parseJson(text), server);
  const value = readForeignValue(text);
  if (value.ok || value.error.kind !== 'limit') return asObject(value.ok ? value.value : undefined, server);
  return fail(localProblem('TooLarge', `what the API server sent cannot be read: ${value.error.why}`));
};

const asObject = (value: unknown, server: string): Result<JsonObject, ApiProblem> => {
  if (isJsonObject(value)) return ok(value);
  const message = `${server} did not answer with a JSON object; is it a Kubernetes API server?`;
  return fail(localProblem('BadAnswer', message));
};

const timedOut = (): DOMException => new DOMException('no answer in time', 'TimeoutError');

const abortProblem = (signal: AbortSignal, server: string): ApiProblem => {
  const reason: unknown = signal.reason;
  return reason instanceof DOMException && reason.name === 'TimeoutError'
    ? localProblem('Timeout', `the API server ${server} did not answer in time`)
    : localProblem('Aborted', 'the call was given up');
};
