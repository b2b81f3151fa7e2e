import { beyondBound } from '../../evaluate/fault.ts';
import { withoutTrailingZeros } from '../../values/decimal-text.ts';
import type { CivilTime } from './civil-time.ts';

const monthNames =
  'January February March April May June July August September October November December'.split(' ');
export const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** What Go's package time calls its layouts. */
export const namedLayouts: ReadonlyMap<string, string> = new Map([
  ['ANSIC', 'Mon Jan _2 15:04:05 2006'],
  ['UnixDate', 'Mon Jan _2 15:04:05 MST 2006'],
  ['RubyDate', 'Mon Jan 02 15:04:05 -0700 2006'],
  ['RFC822', '02 Jan 06 15:04 MST'],
  ['RFC822Z', '02 Jan 06 15:04 -0700'],
  ['RFC850', 'Monday, 02-Jan-06 15:04:05 MST'],
  ['RFC1123', 'Mon, 02 Jan 2006 15:04:05 MST'],
  ['RFC1123Z', 'Mon, 02 Jan 2006 15:04:05 -0700'],
  ['RFC3339', '2006-01-02T15:04:05Z07:00'],
  ['RFC3339Nano', '2006-01-02T15:04:05.999999999Z07:00'],
]);

/** The parts of a layout, the longest spelling of each first. */
const parts =
  /January|Jan|Monday|Mon(?![a-z])|MST|2006|Z070000|Z07:00:00|Z0700|Z07:00|Z07|-070000|-07:00:00|-0700|-07:00|-07|[.,]0{1,9}(?!\d)|[.,]9{1,9}(?!\d)|002|__2|_2006|_2|01|02|03|04|05|06|15|PM|pm|1|2|3|4|5/g;

const two = (value: number): string => String(value).padStart(2, '0');

const zoneText = (part: string, offset: number): string => {
  if (part.startsWith('Z') && offset === 0) return 'Z';
  const size = Math.abs(offset);
  const fields = [Math.floor(size / 3600), Math.floor((size % 3600) / 60), size % 60].map(two);
  const count = part.includes(':') ? part.split(':').length : (part.length - 1) / 2;
  return (offset < 0 ? '-' : '+') + fields.slice(0, count).join(part.includes(':') ? ':' : '');
};

const fractionText = (part: string, nanosecond: number): string => {
  const digits = String(nanosecond)
    .padStart(9, '0')
    .slice(0, part.length - 1);
  if (part.charAt(1) === '0') return part.charAt(0) + digits;
  const kept = withoutTrailingZeros(digits);
  return kept === '' ? '' : part.charAt(0) + kept;
};

const hour12 = (hour: number): number => (hour % 12 === 0 ? 12 : hour % 12);

const dayOfYear = ({ year, month, day }: CivilTime): number =>
  Math.round((Date.UTC(2000, month - 1, day) - Date.UTC(2000, 0, 1)) / 86_400_000) +
  1 -
  (month > 2 && !(year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)) ? 1 : 0);

const fieldTexts: Readonly<Record<string, (time: CivilTime) => string>> = {
  January: ({ month }) => monthNames[month - 1] ?? '',
  Jan: ({ month }) => (monthNames[month - 1] ?? '').slice(0, 3),
  Monday: ({ weekday }) => dayNames[weekday] ?? '',
  Mon: ({ weekday }) => (dayNames[weekday] ?? '').slice(0, 3),
  MST: ({ zone }) => zone,
  '2006': ({ year }) => String(year).padStart(4, '0'),
  _2006: ({ year }) => `_${String(year).padStart(4, '0')}`,
  '06': ({ year }) => two(((year % 100) + 100) % 100),
  '01': ({ month }) => two(month),
  '1': ({ month }) => String(month),
  '02': ({ day }) => two(day),
  _2: ({ day }) => String(day).padStart(2, ' '),
  '2': ({ day }) => String(day),
  '002': (time) => String(dayOfYear(time)).padStart(3, '0'),
  __2: (time) => String(dayOfYear(time)).padStart(3, ' '),
  '15': ({ hour }) => two(hour),
  '03': ({ hour }) => two(hour12(hour)),
  '3': ({ hour }) => String(hour12(hour)),
  '04': ({ minute }) => two(minute),
  '4': ({ minute }) => String(minute),
  '05': ({ second }) => two(second),
  '5': ({ second }) => String(second),
  PM: ({ hour }) => (hour >= 12 ? 'PM' : 'AM'),
  pm: ({ hour }) => (hour >= 12 ? 'pm' : 'am'),
};

/** A moment in a layout of Go's package time. */
export const formattedTime = (time: CivilTime, layout: string): string =>
  layout.replace(parts, (part) => {
    if (/^[.,]/.test(part)) return fractionText(part, time.nanosecond);
    if (/^[Z-]/.test(part)) return zoneText(part, time.offset);
    return fieldTexts[part]?.(time) ?? part;
  });

/** What a text says in a layout; a field that the layout does not have is absent. */
export interface ReadTime {
  year?: number;
  month?: number;
  day?: number;
  hour?: number;
  minute?: number;
  second?: number;
  nanosecond?: number;
  offset?: number;
  isAfternoon?: boolean;
  dayOfYear?: number;
}

type ReadField = (into: ReadTime, text: string) => void;

const nameIn = (names: readonly string[], text: string): number =>
  names.findIndex((name) => name.slice(0, text.length).toLowerCase() === text.toLowerCase()) + 1;

const offsetOf = (text: string): number => {
  if (text === 'Z') return 0;
  const [, sign = '+', hours = '0', minutes = '0', seconds = '0'] =
    /^([+-])(\d\d):?(\d\d)?:?(\d\d)?$/.exec(text) ?? [];
  return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * (sign === '-' ? -1 : 1);
};

const number = (field: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'dayOfYear'): ReadField => {
  return (into, text) => {
    into[field] = Number(text.trim());
  };
};

const shortYear: ReadField = (into, text) => {
  into.year = Number(text) + (Number(text) >= 69 ? 1900 : 2000);
};
const monthName: ReadField = (into, text) => {
  into.month = nameIn(monthNames, text);
};
const half: ReadField = (into, text) => {
  into.isAfternoon = text.toLowerCase() === 'pm';
};
const nothing: ReadField = () => undefined;

const readers: Readonly<Record<string, readonly [string, ReadField]>> = {
  January: [`(${monthNames.join('|')})`, monthName],
  Jan: [`(${monthNames.map((name) => name.slice(0, 3)).join('|')})`, monthName],
  Monday: [`(${dayNames.join('|')})`, nothing],
  Mon: [`(${dayNames.map((name) => name.slice(0, 3)).join('|')})`, nothing],
  MST: ['([A-Z]{3,5}|[+-]\\d\\d)', nothing],
  '2006': ['(\\d{4})', number('year')],
  _2006: ['_(\\d{4})', number('year')],
  '06': ['(\\d\\d)', shortYear],
  '01': ['(\\d\\d)', number('month')],
  '1': ['(\\d\\d?)', number('month')],
  '02': ['(\\d\\d)', number('day')],
  _2: ['( ?\\d\\d?)', number('day')],
  '2': ['(\\d\\d?)', number('day')],
  '002': ['(\\d{3})', number('dayOfYear')],
  __2: ['( {0,2}\\d{1,3})', number('dayOfYear')],
  '15': ['(\\d\\d)', number('hour')],
  '03': ['(\\d\\d)', number('hour')],
  '3': ['(\\d\\d?)', number('hour')],
  '04': ['(\\d\\d)', number('minute')],
  '4': ['(\\d\\d?)', number('minute')],
  '05': ['(\\d\\d(?:[.,]\\d{1,512})?)', (into, text) => secondOf(into, text)],
  '5': ['(\\d\\d?(?:[.,]\\d{1,512})?)', (into, text) => secondOf(into, text)],
  PM: ['(AM|PM)', half],
  pm: ['(am|pm)', half],
};

const fractionOf: ReadField = (into, text) => {
  if (text !== '') into.nanosecond = Number(text.slice(1).padEnd(9, '0').slice(0, 9));
};

const secondOf: ReadField = (into, text) => {
  const [whole = '0'] = /^\d{1,2}/.exec(text) ?? [];
  into.second = Number(whole);
  fractionOf(into, text.slice(whole.length));
};

const offset: ReadField = (into, text) => {
  into.offset = offsetOf(text);
};

const zonePattern = (part: string): string => {
  const count = part.includes(':') ? part.split(':').length : (part.length - 1) / 2;
  const digits = Array.from({ length: count }, () => '\\d\\d').join(part.includes(':') ? ':' : '');
  return part.startsWith('Z') ? `(Z|[+-]${digits})` : `([+-]${digits})`;
};

const readerOf = (part: string, hasFraction: boolean): readonly [string, ReadField] => {
  if (/^[.,]0/.test(part)) return [`([.,]\\d{${part.length - 1}})`, fractionOf];
  if (/^[.,]9/.test(part)) return ['((?:[.,]\\d{1,512})?)', fractionOf];
  if (/^[Z-]/.test(part)) return [zonePattern(part), offset];
  // A fraction may stand behind the seconds though the layout has none.
  if (hasFraction && part === '05') return ['(\\d\\d)', secondOf];
  if (hasFraction && part === '5') return ['(\\d\\d?)', secondOf];
  return readers[part] ?? ['()', nothing];
};

const quoted = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$/-]/g, '\\$&');

const maxLayoutLength = 128;
export const maxTimeLength = 512;

/** What a text says in a layout; `undefined`: it does not fit. */
export const timeFields = (layout: string, text: string): ReadTime | undefined => {
  if (layout.length > maxLayoutLength) throw beyondBound(`a layout is over ${maxLayoutLength} characters`);
  if (text.length > maxTimeLength) throw beyondBound(`a time is over ${maxTimeLength} characters`);
  const found: ReadField[] = [];
  let pattern = '';
  let from = 0;
  for (const match of layout.matchAll(parts)) {
    const hasFraction = /^[.,][09]/.test(layout.slice(match.index + match[0].length));
    const [source, read] = readerOf(match[0], hasFraction);
    pattern += quoted(layout.slice(from, match.index)) + source;
    found.push(read);
    from = match.index + match[0].length;
  }
  const matched = new RegExp(`^${pattern}${quoted(layout.slice(from))}$`, 'i').exec(text);
  if (matched === null) return undefined;
  const into: ReadTime = {};
  for (const [at, read] of found.entries()) read(into, matched[at + 1] ?? '');
  return into;
};
