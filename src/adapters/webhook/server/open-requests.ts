import { constants } from 'node:http2';
import type { WebResponse } from './answer.ts';
import { createByPeer } from './by-peer.ts';
import type { WebRequest } from './body-reader.ts';

/** The place of one request. */
export interface OpenRequest {
  /**
   * The request counts until this is done, too; it must not fail. Attack: whoever sends a review and resets the stream has left, and the
   * review goes on to its deadline: thousands a second, none of them counted.
   */
  lasts(work: Promise<void>): void;
}

/** Counts the requests that are open over all connections: HTTP/2 lets one client open very many. */
export interface OpenRequests {
  /** The request counts until its answer is closed. @returns undefined when there is no room */
  enter(peer: string, request: WebRequest, response: WebResponse): OpenRequest | undefined;
}

const ignore = (): void => {};

/** Gives a request back as never looked at: a client of HTTP/2 may send it again (RFC 9113, 8.7). */
export const giveBack = (request: WebRequest, response: WebResponse): void => {
  request.on('error', ignore);
  if ('stream' in response) response.stream?.close(constants.NGHTTP2_REFUSED_STREAM);
  else request.socket.destroy();
};

interface Open {
  readonly peer: string;
  readonly request: WebRequest;
  readonly response: WebResponse;
}

/** Whose body never ends gives way before whose answer is being made. */
const firstToGo = (opened: Iterable<Open>): Open | undefined => {
  let oldest: Open | undefined;
  for (const open of opened) {
    if (!open.request.complete) return open;
    oldest ??= open;
  }
  return oldest;
};

/**
 * R27: when all places are taken, the peer that holds most gives one up to a peer that holds fewer, so that requests
 * that never end keep out nobody but their own sender.
 */
export const countOpenRequests = (most: number): OpenRequests => {
  const places = createByPeer<Open>();
  const makeRoom = (peer: string): boolean => {
    const others = places.greatest();
    if (places.countOf(peer) >= others.size) return false;
    const open = firstToGo(others);
    if (open === undefined) return false;
    places.delete(open.peer, open);
    giveBack(open.request, open.response);
    return true;
  };
  return {
    enter: (peer, request, response) => {
      if (places.size() >= most && !makeRoom(peer)) return undefined;
      const open = { peer, request, response };
      places.add(peer, open);
      let reasons = 1;
      const done = (): void => {
        reasons--;
        if (reasons === 0) places.delete(peer, open);
      };
      response.once('close', done);
      return {
        lasts: (work) => {
          reasons++;
          void work.finally(done);
        },
      };
    },
  };
};
