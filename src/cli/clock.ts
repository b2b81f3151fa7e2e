import type { Clock } from '../gate/ports.ts';

/** The real clock of the commands. */
export const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
