import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { pinned, residentOf } from './processes.ts';

/** What a part of the bench can be asked to do, by name: one value in, one value out, both plain data. */
export type Orders = Readonly<Record<string, (input: never) => unknown>>;
type Input<O extends Orders, K extends keyof O> = Parameters<O[K]>[0];
type Output<O extends Orders, K extends keyof O> = Awaited<ReturnType<O[K]>>;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}
interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** A process of its own on a core of its own, so that what is measured shares neither heap nor core with it. */
export interface Part<O extends Orders> {
  ask<K extends keyof O & string>(name: K, input: Input<O, K>): Promise<Output<O, K>>;
  /** MiB */
  readonly rss: () => number;
  stop(): Promise<void>;
}

const settle = (waiting: Map<number, (reply: Reply) => void>, reply: Reply): void => {
  waiting.get(reply.id)?.(reply);
  waiting.delete(reply.id);
};

const spawnOn = (core: number, script: URL): ChildProcess => {
  const [command, args] = pinned(core, [script.pathname]);
  return spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
};

export const startPart = <O extends Orders>(core: number, script: URL): Part<O> => {
  const child = spawnOn(core, script);
  const waiting = new Map<number, (reply: Reply) => void>();
  let last = 0;
  child.on('message', (reply) => settle(waiting, reply as Reply));
  child.once('exit', (code) => {
    const error = `${script.pathname} ended with ${String(code)}`;
    for (const id of waiting.keys()) settle(waiting, { id, error });
  });
  return {
    ask: (name, input) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        waiting.set(id, ({ value, error }) => {
          if (error === undefined) resolve(value as never);
          else reject(new Error(error));
        });
        child.send({ id, name, input } satisfies Request);
      }),
    rss: () => residentOf(child.pid ?? 0),
    stop: async () => {
      if (child.exitCode !== null) return;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
};

/** A part on the core of the gate, for as long as somebody uses it. */
export const withPart =
  <O extends Orders>(script: URL) =>
  async <T>(use: (part: Part<O>) => Promise<T>): Promise<T> => {
    const part = startPart<O>(0, script);
    try {
      return await use(part);
    } finally {
      await part.stop();
    }
  };

/** The other side of {@link startPart}: does what it is asked until its parent goes; `close` ends what it opened. */
export const serveParent = (orders: Orders, close: () => Promise<void> = async () => {}): void => {
  const obey = async ({ id, name, input }: Request): Promise<void> => {
    try {
      const value = await orders[name]?.(input as never);
      process.send?.({ id, value } satisfies Reply);
    } catch (error) {
      process.send?.({
        id,
        error: error instanceof Error ? (error.stack ?? '') : String(error),
      } satisfies Reply);
    }
  };
  process.on('message', (message) => void obey(message as Request));
  process.once('disconnect', () => void close().finally(() => process.exit(0)));
};
