import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Decision } from '../../../core/decision/decision.ts';
import type { WebRequest } from './body-reader.ts';

export type WebResponse = ServerResponse | Http2ServerResponse;

export interface WebAnswer {
  readonly status: number;
  readonly text: string;
  /** What to record once it is written. */
  readonly decision?: Decision;
  readonly headers?: readonly string[];
}

/** How long a client may go on sending a body that we no longer want. */
const maxLinger = 1_000;
/** How long a client of HTTP/2 may take to read an answer: it can close its window and never open it. */
const maxReadTime = 10_000;

export const jsonError = (error: string, message: string, decision?: Decision): string =>
  `${JSON.stringify({ error, message, ...(decision === undefined ? {} : { decision: decision.id }) })}\n`;

const isHttp2 = (request: WebRequest): request is Http2ServerRequest => request.httpVersionMajor === 2;

/**
 * Writes an answer before the body has arrived. Closing at once would reset the connection, and a client that is
 * still sending would never read the answer. So the rest of the body is discarded, for a second at most.
 */
const writeEarly = (request: IncomingMessage, response: ServerResponse, text: string): void => {
  const finish = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(finish, maxLinger).unref();
  request.once('end', finish);
  request.once('close', finish);
  response.write(text);
  request.resume();
};

/**
 * The same over HTTP/2, where the answer ends at once and its stream is reset after that (RFC 9113, 8.1). Reset before
 * its end, it is no answer: an API server calls it a stream error, and its user reads no reason.
 */
const writeEarlyOnStream = (
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  text: string,
): void => {
  const { stream } = response;
  const timer = setTimeout(() => {
    if (stream.writableFinished) stream.close();
    else stream.once('finish', () => stream.close());
  }, maxLinger).unref();
  stream.once('close', () => clearTimeout(timer));
  response.end(text);
  request.resume();
};

/** Writes an answer; `last` asks the client to use another connection from now on. */
export const writeAnswer = (
  request: WebRequest,
  response: WebResponse,
  answer: WebAnswer,
  last: boolean,
): void => {
  const { status, text, headers } = answer;
  const early = !request.complete;
  const fields = ['Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(text))];
  if (headers !== undefined) fields.push(...headers);
  if (isHttp2(request)) {
    const { stream } = response as Http2ServerResponse;
    stream.setTimeout(maxReadTime, () => stream.close());
  } else if (last || early) fields.push('Connection', 'close');
  (response as ServerResponse).writeHead(status, fields);
  if (!early) response.end(text);
  else if (isHttp2(request)) writeEarlyOnStream(request, response as Http2ServerResponse, text);
  else writeEarly(request, response as ServerResponse, text);
};
