import { constants } from 'node:http2';
import type { WebResponse } from './answer.ts';
import type { WebRequest } from './intake.ts';

/** Counts the requests that are open over all connections: HTTP/2 lets one client open very many. */
export interface OpenRequests {
  /** Whether there is room; the request counts until its answer is closed. */
  enter(response: WebResponse): boolean;
}

export const countOpenRequests = (most: number): OpenRequests => {
  let open = 0;
  const closed = (): void => {
    open--;
  };
  return {
    enter: (response) => {
      if (open >= most) return false;
      open++;
      response.once('close', closed);
      return true;
    },
  };
};

const ignore = (): void => {};

/** Gives a request back as never looked at: a client of HTTP/2 may send it again (RFC 9113, 8.7). */
export const giveBack = (request: WebRequest, response: WebResponse): void => {
  request.on('error', ignore);
  if ('stream' in response) response.stream?.close(constants.NGHTTP2_REFUSED_STREAM);
  else request.socket.destroy();
};
