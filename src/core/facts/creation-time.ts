/** How far the clock of a builder may be ahead. */
const clockSkew = 5 * 60_000;
/**
 * No image is older: Docker was first published in March 2013. Reproducible builds write fixed times before that:
 * 0001 (Go's zero time), 1970 (the epoch), 1980 (the first time of a zip file), 1985 (npm).
 */
const earliest = Date.UTC(2013, 0, 1);

/** The first of the times of an image that can be true, all in milliseconds since 1970. */
export const creationTime = (times: readonly number[], now: number): number | undefined =>
  times.find((time) => time >= earliest && time <= now + clockSkew);
