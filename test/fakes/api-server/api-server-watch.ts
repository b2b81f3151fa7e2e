import type { ServerResponse } from 'node:http';
import { statusOf } from './api-server-answer.ts';
import type { FakeEvent, FakeObject, FakeStore } from './api-server-store.ts';

export interface WatchRequest {
  readonly response: ServerResponse;
  readonly from: number;
  readonly timeoutSeconds: number;
  readonly bookmarks: boolean;
  readonly wants: (event: FakeEvent) => boolean;
  readonly shape: (object: FakeObject) => unknown;
  readonly kind: { readonly apiVersion: string; readonly kind: string };
}

export interface Watches {
  open(request: WatchRequest): void;
  count(): number;
  /** Cuts every watch connection without a word. */
  cut(): void;
  /** Sends one raw line to every watch. */
  send(line: string): void;
  /** From now on nothing is sent to the watches that are open; they stay open. */
  freeze(): void;
  close(): void;
}

interface OpenWatch {
  readonly response: ServerResponse;
  frozen: boolean;
  end(): void;
}

export const createWatches = (store: FakeStore, bookmarkEvery: number): Watches => {
  const open = new Set<OpenWatch>();
  return {
    open: (request) => {
      const watch = follow(request, store, bookmarkEvery);
      open.add(watch);
      request.response.once('close', () => {
        watch.end();
        open.delete(watch);
      });
    },
    count: () => open.size,
    cut: () => {
      for (const watch of open) watch.response.destroy();
    },
    send: (line) => {
      for (const watch of open) watch.response.write(`${line}\n`);
    },
    freeze: () => {
      for (const watch of open) watch.frozen = true;
    },
    close: () => {
      for (const watch of open) watch.response.end();
    },
  };
};

const follow = (request: WatchRequest, store: FakeStore, bookmarkEvery: number): OpenWatch => {
  const { response, shape, wants } = request;
  const watch: OpenWatch = { response, frozen: false, end: () => undefined };
  const write = (type: string, object: unknown): void => {
    if (!watch.frozen && !response.destroyed) response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const event = (one: FakeEvent): void => {
    if (wants(one)) write(one.type, shape(one.object));
  };
  response.setHeader('content-type', 'application/json');
  response.flushHeaders();
  const missed = store.since(request.from);
  if (missed === undefined) {
    write('ERROR', statusOf(410, `too old resource version: ${request.from} (${store.version()})`));
    response.end();
    return watch;
  }
  for (const one of missed) event(one);
  const unsubscribe = store.subscribe(event);
  const bookmark = setInterval(() => {
    if (!request.bookmarks) return;
    write('BOOKMARK', { ...request.kind, metadata: { resourceVersion: String(store.version()) } });
  }, bookmarkEvery);
  const timeout = setTimeout(() => response.end(), request.timeoutSeconds * 1000);
  watch.end = () => {
    unsubscribe();
    clearInterval(bookmark);
    clearTimeout(timeout);
  };
  return watch;
};
