import { Worker } from 'node:worker_threads';
import { messageOf, ok, type Result } from '../../core/result.ts';
import type { ImageCatalog } from '../../core/catalog/image-catalog.ts';
import { invalidBytes, tooMuch, type Unreadable } from '../../core/text/unreadable.ts';
import { createChunkSender } from './chunk-sender.ts';
import type { CatalogReply, CatalogRequest, WrittenLayer } from './catalog-messages.ts';

/** What a thread may take of the heap; past it nobody can read the image. A layer of half a million files needs half of it. */
const resourceLimits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };
const outOfMemory = tooMuch('to read it takes more memory than a thread has');
const failed = (why: string): Result<never, Unreadable> => invalidBytes(`it could not be read: ${why}`);
const endedBy = (error: unknown): Result<never, Unreadable> => {
  const isMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return isMemory ? outOfMemory : failed(messageOf(error));
};

export interface CatalogThread {
  send(request: CatalogRequest): void;
  /** Takes bytes of the layer, and sends many of them at a time when the thread has room. `false`: no more is wanted. */
  chunk(bytes: Uint8Array): Promise<boolean>;
  /** What became of the layer whose bytes were sent, or of one that is known. */
  layer(): Promise<Result<WrittenLayer, Unreadable>>;
  catalog(): Promise<Result<ImageCatalog, Unreadable>>;
  /** Whether it ended without a word about the image: a lack of the machine, or a defect of ours, which may pass. */
  hasFailed(): boolean;
  end(): Promise<void>;
}

/** A thread for one image. Whatever the image does to it, an answer comes. */
const followThread = (thread: Worker): CatalogThread => {
  const chunks = createChunkSender((bytes) =>
    thread.postMessage({ kind: 'chunk', bytes } satisfies CatalogRequest, [bytes.buffer]),
  );
  let answered: Result<WrittenLayer, Unreadable> | undefined;
  let ended: Result<never, Unreadable> | undefined;
  /** Nothing more is wanted of the layer. */
  const isOver = (): boolean => answered !== undefined || ended !== undefined;
  /** One waits at a time: for room, for a layer, or for the list. */
  let wake = (): void => {};
  const changed = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  let cataloged: Result<ImageCatalog, Unreadable> | undefined;
  const finish = (why: Result<never, Unreadable>): void => {
    ended ??= why;
    wake();
  };
  thread.on('message', (reply: CatalogReply) => {
    if (reply.kind === 'taken') chunks.taken(reply.memory);
    else if (reply.kind === 'layer') answered = reply.read;
    else if (reply.kind === 'catalog') cataloged = reply.catalog;
    else finish(failed(reply.why));
    wake();
  });
  thread.on('error', (error: unknown) => finish(endedBy(error)));
  thread.on('exit', () => finish(failed('the thread ended')));
  const until = async <T>(value: () => T | undefined): Promise<T | Result<never, Unreadable>> => {
    for (;;) {
      const there = value() ?? ended;
      if (there !== undefined) return there;
      await changed();
    }
  };
  const send = (request: CatalogRequest): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
    thread.postMessage(request);
  };
  return {
    send: (request) => {
      if (request.kind === 'begin' || request.kind === 'known') answered = undefined;
      if (request.kind === 'begin') chunks.reset();
      else if (request.kind === 'catalog') cataloged = undefined;
      else if (request.kind === 'end') chunks.send();
      send(request);
    },
    chunk: async (bytes) => {
      for (let at = 0; at < bytes.length && !isOver();) {
        at += chunks.add(bytes.subarray(at));
        if (!chunks.isFull()) break;
        while (chunks.hasToWait() && !isOver()) await changed();
        if (!isOver()) chunks.send();
      }
      return !isOver();
    },
    layer: () => until(() => answered),
    catalog: () => until(() => cataloged),
    hasFailed: () => ended !== undefined && ended !== outOfMemory,
    end: async () => void (await thread.terminate()),
  };
};

/** What a thread is told when it starts. */
export interface CatalogThreadData {
  /** Whether the other threads of the process go first. A command that waits for it has nobody else to serve. */
  readonly givesWay: boolean;
}

/** @returns or why there is none: a machine may have no room for another thread */
export const startCatalogThread = (
  program: URL,
  workerData: CatalogThreadData,
): Result<CatalogThread, Unreadable> => {
  try {
    const thread = new Worker(program, {
      name: 'imagegate-catalog',
      resourceLimits,
      env: {},
      execArgv: [],
      workerData,
    });
    return ok(followThread(thread));
  } catch (error) {
    return failed(messageOf(error));
  }
};
