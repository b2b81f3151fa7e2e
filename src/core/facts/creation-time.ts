/** How far the clocks of builders may be ahead of ours. */
const clockSkew = 5 * 60_000;
/**
 * Nobody had built an image before: Docker was first published in March 2013. Reproducible builds write fixed times that
 * are older: 0001 (Go's zero time), 1970 (the epoch), 1980 (the first time of a zip file), 1985 (npm).
 */
const earliest = Date.UTC(2013, 0, 1);

/** The first of the times of an image that can be true, all in milliseconds since 1970. */
export const creationTime = (times: readonly number[], now: number): number | undefined =>
  times.find((time) => time >= earliest && time <= now + clockSkew);
