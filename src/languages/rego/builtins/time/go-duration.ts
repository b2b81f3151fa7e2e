/** Nanoseconds of the units that Go has for durations. */
export const goUnits: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1000n],
  ['\u00b5s', 1000n],
  ['\u03bcs', 1000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

const durationPart = /^(\d{0,512})(?:\.(\d{0,512}))?(ns|us|\u00b5s|\u03bcs|ms|[a-z])/;

/** `1.5h` */
const partOf = (
  [, whole = '', fraction = '', unit = '']: RegExpExecArray,
  units: ReadonlyMap<string, bigint>,
): bigint | undefined => {
  const size = units.get(unit);
  if (size === undefined || (whole === '' && fraction === '')) return undefined;
  return BigInt(whole || '0') * size + (BigInt(fraction || '0') * size) / 10n ** BigInt(fraction.length);
};

/**
 * `-1h30.5m`, as Go writes durations, in nanoseconds: each part is cut to whole ones.
 * @returns `undefined` when it is no duration of these units, however long they may be
 */
export const nanosecondsOfDuration = (
  text: string,
  units: ReadonlyMap<string, bigint> = goUnits,
): bigint | undefined => {
  const sign = text.startsWith('-') ? -1n : 1n;
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0n;
  if (rest === '') return undefined;
  let sum = 0n;
  while (rest !== '') {
    const found = durationPart.exec(rest);
    const part = found === null ? undefined : partOf(found, units);
    if (found === null || part === undefined) return undefined;
    sum += part;
    rest = rest.slice(found[0].length);
  }
  return sign * sum;
};
