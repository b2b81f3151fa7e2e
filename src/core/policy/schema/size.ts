const scales: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/**
 * A size of a policy in bytes, as Kubernetes writes quantities: a whole number and `k`, `M`, `G`, `T`, `Ki`, `Mi`, `Gi`,
 * `Ti` or nothing.
 * @returns `undefined` when it is none, nothing at all, or more than can be counted
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 * @example
 * readSize('1Gi') // 1_073_741_824
 * readSize('1 GB') // undefined
 */
export const readSize = (text: string): number | undefined => {
  const match = /^(\d{1,16})([kMGT]|[KMGT]i)?$/.exec(text);
  const scale = scales[match?.[2] ?? ''];
  if (match === null || scale === undefined) return undefined;
  const bytes = Number(match[1]) * scale;
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
};

/** For people: `512 MiB`, `1.5 GiB`. */
export const describeSize = (bytes: number): string => {
  const [unit, scale] = (
    [
      ['GiB', 2 ** 30],
      ['MiB', 2 ** 20],
      ['KiB', 2 ** 10],
    ] as const
  ).find(([, size]) => bytes >= size) ?? ['bytes', 1];
  return `${String(Math.round((bytes / scale) * 10) / 10)} ${unit}`;
};
