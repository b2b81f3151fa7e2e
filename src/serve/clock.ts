import type { Clock } from '../gate/ports.ts';

/** The one real clock, of the gate and of the commands. */
export const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
