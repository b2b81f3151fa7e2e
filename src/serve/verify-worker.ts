import { workerData } from 'node:worker_threads';
import type { VerifyThreadData } from '../adapters/verify-worker/verify-thread.ts';
import { giveWay } from '../concurrency/yield.ts';

/*
 * Entry of a thread that verifies, a bundle of its own: nothing that it loads is loaded before a policy needs it. A thread that
 * gives way does so before it loads anything.
 */
const { nice } = workerData as VerifyThreadData;
if (nice > 0) giveWay(nice);
const { answerVerifications } = await import('../adapters/verify-worker/answer-verifications.ts');
answerVerifications(async () => (await import('./expressions.ts')).createExpressionEngine());
