import { beyondBound, BuiltinFault } from '../../evaluate/fault.ts';
import { BigFloat } from '../../values/big-float.ts';
import { wholeNumberOf, isNumber, numberFromBig } from '../../values/number.ts';
import { quotedText } from '../../values/value-text.ts';
import type { RegoValue } from '../../values/value.ts';
import { integerAt, textAt, wrongOperand, type BuiltinTable } from '../builtin.ts';
import { civilTime, daysIn, isDay, momentOf, zoneAt, type CivilTime } from './civil-time.ts';
import { goUnits, nanosecondsOfDuration } from './go-duration.ts';
import {
  dayNames,
  formattedTime,
  maxTimeLength,
  namedLayouts,
  timeFields,
  type ReadTime,
} from './time-layout.ts';

const maxMoment = 9223372036854775807n;

const inRange = (moment: bigint): RegoValue => {
  if (moment > maxMoment || moment < -maxMoment - 1n) throw new BuiltinFault('time outside of valid range');
  return numberFromBig(moment);
};

const isClock = ({ hour = 0, minute = 0, second = 0 }: ReadTime): boolean =>
  hour < 24 && minute < 60 && second < 60;

const hourOf = ({ hour = 0, isAfternoon }: ReadTime): number => {
  if (isAfternoon === undefined) return hour;
  return (hour % 12) + (isAfternoon ? 12 : 0);
};

const calendarOf = (read: ReadTime): Pick<CivilTime, 'year' | 'month' | 'day'> => {
  const { year = 0, month = 1, day = 1 } = read;
  return read.dayOfYear === undefined ? { year, month, day } : { year, month: 1, day: read.dayOfYear };
};

const clockOf = (read: ReadTime): Pick<CivilTime, 'hour' | 'minute' | 'second' | 'nanosecond' | 'offset'> => {
  const { minute = 0, second = 0, nanosecond = 0, offset = 0 } = read;
  return { hour: hourOf(read), minute, second, nanosecond, offset };
};

const parsed = (layout: string, text: string): bigint => {
  const read = timeFields(layout, text);
  if (read === undefined || !isDay(read) || !isClock(read))
    throw new BuiltinFault(`parsing time ${quotedText(text)} as ${quotedText(layout)}: cannot parse`);
  return momentOf({ ...calendarOf(read), ...clockOf(read) });
};

/** Beside those of Go. */
const durationUnits = new Map([
  ...goUnits,
  ['d', 86_400_000_000_000n],
  ['w', 604_800_000_000_000n],
  ['y', 31_536_000_000_000_000n],
]);

const parseDuration = (args: readonly RegoValue[]): RegoValue => {
  const text = textAt(args, 1);
  if (text.length > maxTimeLength) throw beyondBound(`a duration is over ${maxTimeLength} characters`);
  const nanoseconds = nanosecondsOfDuration(text, durationUnits);
  if (nanoseconds === undefined) throw new BuiltinFault(`time: invalid duration ${quotedText(text)}`);
  return inRange(nanoseconds);
};

interface Moment {
  readonly time: CivilTime;
  readonly layout: string;
}

const either = 'either number (ns) or [number (ns), string (tz)]';

const nanosecondsOf = (value: RegoValue, at: number): bigint => {
  if (!isNumber(value)) return wrongOperand(at, either, value);
  const integer = wholeNumberOf(value) ?? BigFloat.of(value).truncated();
  if (integer > maxMoment || integer < -maxMoment - 1n) throw new BuiltinFault('timestamp too big');
  return integer;
};

/** Nanoseconds alone, or with a zone, or with a zone and a layout. */
const momentAt = (args: readonly RegoValue[], at: number): Moment => {
  const value = args[at - 1] ?? null;
  const [first = null, zone = 'UTC', layout = ''] = Array.isArray(value)
    ? (value as readonly RegoValue[])
    : [value];
  const nanoseconds = nanosecondsOf(first, at);
  if (typeof zone !== 'string' || typeof layout !== 'string') return wrongOperand(at, either, value);
  const there = zoneAt(zone, nanoseconds);
  if (there === undefined) throw new BuiltinFault(`unknown time zone ${zone}`);
  return { time: civilTime(nanoseconds, there), layout };
};

const formatted = (args: readonly RegoValue[]): string => {
  const { time, layout } = momentAt(args, 1);
  return formattedTime(
    time,
    namedLayouts.get(layout) ?? (layout === '' ? '2006-01-02T15:04:05.999999999Z07:00' : layout),
  );
};

const addDate = (args: readonly RegoValue[]): RegoValue => {
  const [years, months, days] = [2, 3, 4].map((at) => Number(integerAt(args, at)));
  const { time } = momentAt(args, 1);
  if ([years, months, days].some((count) => Math.abs(count ?? 0) > 1_000_000))
    throw new BuiltinFault('time outside of valid range');
  return inRange(
    momentOf({
      ...time,
      year: time.year + (years ?? 0),
      month: time.month + (months ?? 0),
      day: time.day + (days ?? 0),
    }),
  );
};

type Parts = readonly [number, number, number, number, number, number];

const partsOf = ({ year, month, day, hour, minute, second }: CivilTime): Parts => [
  year,
  month,
  day,
  hour,
  minute,
  second,
];

/** Years, months, days, hours, minutes and seconds between two moments, each less than one of the next larger. */
const difference = (args: readonly RegoValue[]): RegoValue => {
  const one = momentAt(args, 1).time;
  const two = civilTime(momentOf(momentAt(args, 2).time), { offset: one.offset, name: one.zone });
  const isLater = momentOf(one) > momentOf(two);
  const [from, to] = (isLater ? [two, one] : [one, two]).map(partsOf) as [Parts, Parts];
  const [years, months, days, hours, minutes, seconds] = to.map(
    (part, at) => part - (from[at] ?? 0),
  ) as unknown as Parts;
  const fields = { years, months, days, hours, minutes, seconds };
  if (fields.seconds < 0) {
    fields.seconds += 60;
    fields.minutes -= 1;
  }
  if (fields.minutes < 0) {
    fields.minutes += 60;
    fields.hours -= 1;
  }
  if (fields.hours < 0) {
    fields.hours += 24;
    fields.days -= 1;
  }
  if (fields.days < 0) {
    fields.days += daysIn(from[0], from[1]);
    fields.months -= 1;
  }
  if (fields.months < 0) {
    fields.months += 12;
    fields.years -= 1;
  }
  return [fields.years, fields.months, fields.days, fields.hours, fields.minutes, fields.seconds];
};

/** Policy Reference, "Time". */
export const times: BuiltinTable = {
  'time.now_ns': (_args, ctx) => numberFromBig(ctx.shared.surroundings.now),
  'time.parse_ns': (args) => {
    const layout = textAt(args, 1);
    return inRange(parsed(namedLayouts.get(layout) ?? layout, textAt(args, 2)));
  },
  'time.parse_rfc3339_ns': (args) => inRange(parsed('2006-01-02T15:04:05Z07:00', textAt(args, 1))),
  'time.parse_duration_ns': parseDuration,
  'time.format': formatted,
  'time.date': (args) => {
    const { year, month, day } = momentAt(args, 1).time;
    return [year, month, day];
  },
  'time.clock': (args) => {
    const { hour, minute, second } = momentAt(args, 1).time;
    return [hour, minute, second];
  },
  'time.weekday': (args) => dayNames[momentAt(args, 1).time.weekday] ?? '',
  'time.add_date': addDate,
  'time.diff': difference,
};
