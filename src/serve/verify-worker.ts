import { answerVerifications } from '../adapters/verify-worker/answer-verifications.ts';

/** Entry of a thread that verifies, a bundle of its own: nothing that it loads is loaded before a policy needs it. */
answerVerifications(async () => (await import('./expressions.ts')).createExpressionEngine());
