import { setFlagsFromString } from 'node:v8';

/** Of what is alive after a collection. */
const growingPercent = 60;

/**
 * V8 lets a heap that is small for the machine grow to several times what is alive before it collects, so that a gate with
 * 100 MiB of caches took up 300. Collecting more often costs little, because most of it runs beside the event loop.
 */
export const limitHeapGrowth = (): void => setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
