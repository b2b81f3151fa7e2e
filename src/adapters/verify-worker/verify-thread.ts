import { Worker } from 'node:worker_threads';
import { messageOf } from '../../core/result.ts';
import type { Verification, VerificationResult } from '../../evidence/verify/verification.ts';
import type { VerifyReply } from './answer-verifications.ts';

/**
 * `late`: not within its time. `failed`: the thread ended, or the verifier threw. `not-begun`: the same before the candidate
 * was looked at, so that is no fault of it.
 */
export type ThreadOutcome =
  | { readonly state: 'verified'; readonly result: VerificationResult }
  | { readonly state: 'late' }
  | { readonly state: 'failed' | 'not-begun'; readonly why: string };

/** What a thread may take; past it the thread ends. */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };
/** A thread on a busy node loads its program, or a language, for a while. That is no fault of the candidate. */
const startMs = 15_000;

/** A view of a larger buffer would take all of that with it to the thread. */
const own = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);

const portable = (verification: Verification): Verification => ({
  ...verification,
  subject: {
    ...verification.subject,
    ...(verification.subject.manifest && { manifest: own(verification.subject.manifest) }),
  },
  layers: verification.layers.map((layer) => ({ ...layer, bytes: own(layer.bytes) })),
});

interface VerifyThread {
  /** One at a time. A thread whose outcome is not `verified` is of no more use. */
  verify(verification: Verification, withinMs: number): Promise<ThreadOutcome>;
  hasEnded(): boolean;
  end(): Promise<void>;
}

export const startVerifyThread = (program: URL): VerifyThread => {
  const thread = new Worker(program, {
    name: 'imagegate-verify',
    resourceLimits,
    env: {},
    execArgv: [],
  });
  let hasBegun = false;
  let settle: ((outcome: ThreadOutcome) => void) | undefined;
  let begin = (): void => {};
  let ended: string | undefined;
  let timer: NodeJS.Timeout | undefined;

  const finish = (outcome: ThreadOutcome): void => {
    clearTimeout(timer);
    // The process may end while the thread is idle.
    thread.unref();
    settle?.(outcome);
    settle = undefined;
  };
  thread.on('message', (reply: VerifyReply) => {
    if ('begun' in reply) {
      hasBegun = true;
      begin();
    } else if ('result' in reply) finish({ state: 'verified', result: reply.result });
    else finish({ state: hasBegun ? 'failed' : 'not-begun', why: reply.failed });
  });
  thread.on('error', (error: unknown) => (ended = messageOf(error)));
  thread.on('exit', () => {
    ended ??= 'the thread ended';
    finish({ state: hasBegun ? 'failed' : 'not-begun', why: ended });
  });

  return {
    verify: (verification, withinMs) =>
      new Promise((resolve) => {
        if (ended !== undefined) {
          resolve({ state: 'not-begun', why: ended });
          return;
        }
        hasBegun = false;
        settle = resolve;
        begin = () => {
          clearTimeout(timer);
          timer = setTimeout(() => finish({ state: 'late' }), withinMs);
        };
        timer = setTimeout(() => finish({ state: 'not-begun', why: 'the thread did not start' }), startMs);
        thread.ref();
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
        thread.postMessage(portable(verification));
      }),
    hasEnded: () => ended !== undefined,
    end: async () => void (await thread.terminate()),
  };
};
