import * as http from 'node:http';
import * as https from 'node:https';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { TlsMaterial } from './connection.ts';
import { type ApiProblem, connectionProblem, localProblem } from './problem.ts';

/** Sends one request; resolves when the headers of the answer are there. */
export const send = (
  options: https.RequestOptions,
  body: unknown,
  signal: AbortSignal,
): Promise<http.IncomingMessage> => {
  const transport = options.protocol === 'http:' ? http : https;
  return new Promise((resolve, reject) => {
    const request = transport.request({ ...options, signal });
    request.once('response', resolve);
    request.on('error', reject);
    // A machine between client and API server may disappear, and then no side learns that the connection is dead.
    request.once('socket', (socket) => socket.setKeepAlive(true, 30_000));
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
};

/** The body of a watch. `bytes` ends when the server ends it or the connection fails; it never throws. */
export interface ApiStream {
  readonly bytes: AsyncIterable<Buffer>;
  /** Why the stream ended, once it has; undefined when the server closed it in order. */
  problem(): ApiProblem | undefined;
  close(): void;
}

/** The whole body as text, unless it is longer than `limit` bytes. */
export const readAll = async (
  answer: http.IncomingMessage,
  limit: number,
): Promise<Result<string, ApiProblem>> => {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > limit) {
        return fail(localProblem('TooLarge', `the API server sent more than ${limit} bytes in one answer`));
      }
      parts.push(part);
    }
  } catch {
    return fail(localProblem('Cut', 'the connection to the API server broke in the middle of an answer'));
  }
  return ok(Buffer.concat(parts).toString('utf8'));
};

/** The body of a watch. */
export const streamOf = (answer: http.IncomingMessage, server: string): ApiStream => {
  let problem: ApiProblem | undefined;
  let closed = false;
  async function* bytes(): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* answer as AsyncIterable<Buffer>;
    } catch (error) {
      if (!closed) problem = connectionProblem(error, server);
    }
  }
  return {
    bytes: bytes(),
    problem: () => problem,
    close: () => {
      closed = true;
      answer.destroy();
    },
  };
};

/** Keep-alive agents; a new one when the certificates change (rotation of the CA or of a client certificate). */
export const createAgents = (protocol: string) => {
  let agent: http.Agent | undefined;
  let material = '';
  return {
    of: (tls: TlsMaterial): http.Agent => {
      const text = [tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized].map(String).join('\n');
      if (agent !== undefined && text === material) return agent;
      // Ends requests under way, above all watches. They reconnect with the new certificate.
      agent?.destroy();
      material = text;
      const shared = { keepAlive: true, maxSockets: 32, maxFreeSockets: 4 };
      // Set explicitly: NODE_TLS_REJECT_UNAUTHORIZED would otherwise show the token of the gate to any server. Only a
      // kubeconfig may switch it off.
      const verified = { ...tls, rejectUnauthorized: tls.rejectUnauthorized ?? true };
      agent = protocol === 'http:' ? new http.Agent(shared) : new https.Agent({ ...shared, ...verified });
      return agent;
    },
    close: (): void => agent?.destroy(),
  };
};
