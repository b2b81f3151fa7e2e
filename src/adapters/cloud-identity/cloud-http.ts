import type { Dispatcher } from 'undici';
import { fail, ok, type Result } from '../../core/result.ts';
import { plainHeaders } from '../../core/text/http-headers.ts';

/** Milliseconds for one request, from the look-up of its host to the last byte of its answer. */
const defaultTimeout = 5_000;
/** Tokens and the documents around them are a few KiB. A larger answer is no answer to the request. */
const maxAnswerBytes = 256 * 1024;

/** One request to a metadata or token service. */
export interface CloudRequest {
  /** The name of the service for people: `the metadata server`. */
  readonly step: string;
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A service of this machine: a proxy must never see its answers. */
  readonly direct: boolean;
}

export interface CloudAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * Asks cloud services. Never rejects. An error names step, host and cause, and nothing of request or answer.
 * Redirects are not followed: a host that could make one would get the token that the request carries.
 */
export interface CloudHttp {
  ask(request: CloudRequest, signal: AbortSignal): Promise<Result<CloudAnswer, string>>;
}

export interface CloudHttpOptions {
  /** The proxy for an URL, `undefined` for none. Never asked for `direct` requests. */
  readonly proxyFor?: (url: URL) => string | undefined;
  readonly timeout?: number;
}

const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'broke the connection off',
  EPIPE: 'broke the connection off',
  UND_ERR_SOCKET: 'broke the connection off',
  ENOTFOUND: 'has no address',
  EAI_AGAIN: 'could not be looked up',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  ETIMEDOUT: 'did not answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'did not answer in time',
  UND_ERR_HEADERS_OVERFLOW: 'sent more headers than are read',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'ended its answer early',
};

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return '';
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : codeOf(error.cause);
};

/** From the code alone: a message may quote a header. */
const causeOf = (error: unknown): string => {
  const code = codeOf(error);
  if (error instanceof Error && error.name === 'HTTPParserError') return 'does not speak HTTP';
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) return `showed a certificate that is not trusted (${code})`;
  return causes[code] ?? `could not be asked (${/^\w{1,64}$/.test(code) ? code : 'unknown cause'})`;
};

const readBody = async (body: Dispatcher.ResponseData['body']): Promise<string | undefined> => {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxAnswerBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts, size).toString();
};

/** The default export: a bundle has no other names of a CommonJS module that is loaded later. */
const undici = async () => (await import('undici')).default;

const open = async (
  request: CloudRequest,
  options: CloudHttpOptions,
  timeout: number,
): Promise<Dispatcher> => {
  const { Agent, ProxyAgent } = await undici();
  const proxy = request.direct ? undefined : options.proxyFor?.(request.url);
  // Set explicitly, since NODE_TLS_REJECT_UNAUTHORIZED would switch it off otherwise, and the peer gets a token.
  const tls = { timeout, rejectUnauthorized: true };
  const common = { connect: tls, allowH2: false, headersTimeout: timeout, bodyTimeout: timeout };
  return proxy === undefined
    ? new Agent(common)
    : new ProxyAgent({ ...common, uri: proxy, proxyTunnel: true, proxyTls: tls, requestTls: tls });
};

/** Requests are hours apart, so no connection is kept. undici is loaded with the first one. */
export const createCloudHttp = (options: CloudHttpOptions = {}): CloudHttp => {
  const { timeout = defaultTimeout } = options;
  const ask: CloudHttp['ask'] = async (request, signal) => {
    const { step, url, method, headers, body } = request;
    const refuse = (cause: string): Result<never, string> => fail(`${step} (${url.host}) ${cause}`);
    const timedOut = AbortSignal.timeout(timeout);
    let dispatcher: Dispatcher | undefined;
    try {
      const { request: send } = await undici();
      dispatcher = await open(request, options, timeout);
      const answer = await send(url, {
        dispatcher,
        method,
        headers: { 'user-agent': 'imagegate', ...headers },
        ...(body === undefined ? undefined : { body }),
        signal: AbortSignal.any([signal, timedOut]),
      });
      const text = await readBody(answer.body);
      if (text === undefined) return refuse('answered with more than 256 KiB');
      return ok({ status: answer.statusCode, headers: plainHeaders(answer.headers), text });
    } catch (error) {
      if (signal.aborted) return refuse('was not waited for any longer: the time of the review is used up');
      if (timedOut.aborted) return refuse(`did not answer within ${String(timeout)} ms`);
      return refuse(causeOf(error));
    } finally {
      await dispatcher?.destroy().catch(() => undefined);
    }
  };
  return { ask };
};
