import { constants } from 'node:http2';
import type { WebResponse } from './answer.ts';
import { createByPeer } from './by-peer.ts';
import type { WebRequest } from './body-reader.ts';

/** A request that holds a place. */
interface AdmittedRequest {
  /**
   * The request counts until this is done, too; it must not fail. Attack: a client sends a review and resets the stream,
   * thousands of times a second; the reviews go on to their deadlines, none of them counted.
   */
  holdFor(work: Promise<void>): void;
}

/** Bounds the open requests of all connections: HTTP/2 lets one client open very many. */
export interface OpenRequestLimiter {
  /** The request counts until its answer is closed. @returns undefined when there are too many */
  admit(peer: string, request: WebRequest, response: WebResponse): AdmittedRequest | undefined;
}

const ignore = (): void => {};

/** Refuses a request as not processed: a client of HTTP/2 may send it again (RFC 9113, 8.7). */
export const refuseUnprocessed = (request: WebRequest, response: WebResponse): void => {
  request.on('error', ignore);
  if ('stream' in response) response.stream?.close(constants.NGHTTP2_REFUSED_STREAM);
  else request.socket.destroy();
};

interface Open {
  readonly peer: string;
  readonly request: WebRequest;
  readonly response: WebResponse;
}

/** A request whose body does not end gives way before one that is being answered. */
const requestToEvict = (opened: Iterable<Open>): Open | undefined => {
  let oldest: Open | undefined;
  for (const open of opened) {
    if (!open.request.complete) return open;
    oldest ??= open;
  }
  return oldest;
};

/**
 * R27: when all places are taken, the peer that holds most gives one up to a peer that holds fewer. So requests that
 * never end keep out only their own sender.
 */
export const limitOpenRequests = (max: number): OpenRequestLimiter => {
  const places = createByPeer<Open>();
  const evict = (peer: string): boolean => {
    const others = places.largest();
    if (places.countOf(peer) >= others.size) return false;
    const open = requestToEvict(others);
    if (open === undefined) return false;
    places.delete(open.peer, open);
    refuseUnprocessed(open.request, open.response);
    return true;
  };
  return {
    admit: (peer, request, response) => {
      if (places.size() >= max && !evict(peer)) return undefined;
      const open = { peer, request, response };
      places.add(peer, open);
      let reasons = 1;
      const done = (): void => {
        reasons--;
        if (reasons === 0) places.delete(peer, open);
      };
      response.once('close', done);
      return {
        holdFor: (work) => {
          reasons++;
          void work.finally(done);
        },
      };
    },
  };
};
