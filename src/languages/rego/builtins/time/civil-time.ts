/** A moment as a calendar and a clock show it somewhere. */
export interface CivilTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  /** Sunday is 0. */
  readonly weekday: number;
  /** Seconds that the clock is ahead of UTC. */
  readonly offset: number;
  readonly zone: string;
}

const perSecond = 1_000_000_000n;
const perDay = 86_400;

const floorDiv = (value: bigint, by: bigint): bigint => (value - (((value % by) + by) % by)) / by;

/** Days since 1970 of a day in the Gregorian calendar; months beyond December run on. */
const daysOf = (year: number, month: number, day: number): number => {
  const years = year + Math.floor((month - 1) / 12);
  const inYear = ((((month - 1) % 12) + 12) % 12) + 1;
  const shifted = inYear <= 2 ? years - 1 : years;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (inYear + (inYear > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
};

export const daysIn = (year: number, month: number): number =>
  daysOf(year, month + 1, 1) - daysOf(year, month, 1);

/** Whether the calendar has such a day. */
export const isDay = ({
  year = 0,
  month = 1,
  day = 1,
}: Partial<Pick<CivilTime, 'year' | 'month' | 'day'>>): boolean =>
  month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);

const dateOf = (days: number): { readonly year: number; readonly month: number; readonly day: number } => {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * month + 2) / 5) + 1;
  const inYear = month < 10 ? month + 3 : month - 9;
  return { year: yearOfEra + era * 400 + (inYear <= 2 ? 1 : 0), month: inYear, day };
};

/** Seconds that clocks of a zone were ahead of UTC at a moment, and the name that they had; `undefined`: no such zone. */
export const zoneAt = (
  zone: string,
  nanoseconds: bigint,
): { readonly offset: number; readonly name: string } | undefined => {
  if (zone === '' || zone === 'UTC') return { offset: 0, name: 'UTC' };
  const moment = new Date(Number(floorDiv(nanoseconds, 1_000_000n)));
  try {
    const parts = (timeZoneName: 'longOffset' | 'short'): string =>
      new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName })
        .formatToParts(moment)
        .find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign = '+', hours = '0', minutes = '0', seconds = '0'] =
      /^GMT([+-])(\d\d?):(\d\d)(?::(\d\d))?$/.exec(parts('longOffset')) ?? [];
    const offset = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * (sign === '-' ? -1 : 1);
    return { offset, name: parts('short') };
  } catch {
    return undefined;
  }
};

export const civilTime = (
  nanoseconds: bigint,
  { offset, name }: { readonly offset: number; readonly name: string },
): CivilTime => {
  const seconds = Number(floorDiv(nanoseconds, perSecond)) + offset;
  const nanosecond = Number(nanoseconds - floorDiv(nanoseconds, perSecond) * perSecond);
  const days = Math.floor(seconds / perDay);
  const rest = seconds - days * perDay;
  return {
    ...dateOf(days),
    hour: Math.floor(rest / 3600),
    minute: Math.floor((rest % 3600) / 60),
    second: rest % 60,
    nanosecond,
    weekday: (((days + 4) % 7) + 7) % 7,
    offset,
    zone: name,
  };
};

/** The moment that a calendar and a clock show, `offset` ahead of UTC. */
export const momentOf = (
  time: Pick<CivilTime, 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'nanosecond' | 'offset'>,
): bigint => {
  const days = daysOf(time.year, time.month, time.day);
  const seconds = days * perDay + time.hour * 3600 + time.minute * 60 + time.second - time.offset;
  return BigInt(seconds) * perSecond + BigInt(time.nanosecond);
};
