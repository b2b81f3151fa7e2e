const scales: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};
const printed = [
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
] as const;

/**
 * A whole number of bytes, with `Ki`, `Mi`, `Gi`, `Ti` (powers of 1024) or `k`, `M`, `G`, `T` (powers of 1000) in any
 * case, each with or without `B`. Who reads it says what is too small or too large.
 * @returns `undefined` when it is no size
 */
export const sizeOf = (text: string): number | undefined => {
  const match = /^(\d{1,16})(b|[kmgt]i?b?)?$/i.exec(text);
  const scale = scales[(match?.[2] ?? '').toLowerCase().replace(/b$/, '')];
  return match === null || scale === undefined ? undefined : Number(match[1]) * scale;
};

/** A text that {@link sizeOf} reads as the same number of bytes. */
export const formatSize = (bytes: number): string => {
  const [unit, scale] = printed.find(([, size]) => bytes % size === 0) ?? ['B', 1];
  return `${String(bytes / scale)}${unit}`;
};

/** For people: `512 MiB`, `1.5 GiB`. */
export const describeSize = (bytes: number): string => {
  const [unit, scale] = printed.slice(1).find(([, size]) => bytes >= size) ?? ['bytes', 1];
  return `${String(Math.round((bytes / scale) * 10) / 10)} ${unit}`;
};
