import type { JsonValue } from '../../../core/text/json/json.ts';
import { parseJson } from '../../../core/text/json/parse-json.ts';
import type { Steps } from '../../../core/steps.ts';
import { braceBit, close, comma, endOfStringBytes, open, quotationMark } from './json-scan.ts';

/** Bytes of JSON that are parsed in one step, the last value of it not counted: a few milliseconds at the worst. */
const stepBytes = 32 * 1024;

type Container = JsonValue[] | Record<string, JsonValue>;

/** A list or an object that is being read. */
interface Level {
  /** Where its bracket stands. */
  readonly opener: number;
  readonly isList: boolean;
  /** Where its current member begins. */
  member: number;
  /** Where its members begin that are not parsed yet; `undefined` while its current member is an opened level. */
  run: number | undefined;
  /** Where the level ended that was opened in it last. */
  behind: number;
  /** Its value so far; absent while all of it is still text. */
  whole?: Container;
}

const isBracket = (byte: number): boolean => {
  const brace = byte | braceBit;
  return brace === open || brace === close;
};

const isBlank = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return false;
  }
  return true;
};

/** As the parser sets a key: `__proto__` becomes an own property like any other. */
const setKey = (object: Record<string, JsonValue>, key: string, value: JsonValue): void => {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
};

/** Adds members to a container. @returns whether there are any */
const addAll = (whole: Container, more: Container): boolean => {
  if (Array.isArray(whole)) {
    if (!Array.isArray(more)) return false;
    for (const item of more) whole.push(item);
    return more.length > 0;
  }
  const keys = Object.keys(more);
  for (const key of keys) setKey(whole, key, (more as Record<string, JsonValue>)[key] as JsonValue);
  return keys.length > 0;
};

/** The text of members and keys, read by the parser. */
const createReader = (bytes: Buffer) => {
  const wrapped = ({ isList }: Level, from: number, to: number, more = ''): Container | undefined => {
    const members = bytes.toString('utf8', from, to) + more;
    return parseJson(isList ? `[${members}]` : `{${members}}`) as Container | undefined;
  };
  return {
    isBlank: (from: number, to: number): boolean => isBlank(bytes, from, to),
    /** Parses members that stand between two commas or brackets: one at the least. */
    addMembers: (level: Level, from: number, to: number): boolean => {
      const members = wrapped(level, from, to);
      return members !== undefined && level.whole !== undefined && addAll(level.whole, members);
    },
    /** Puts a level where it belongs: behind its key, or next in the list. */
    attach: (parent: Level, whole: Container, opener: number): boolean => {
      const { member, whole: around } = parent;
      if (Array.isArray(around)) {
        around.push(whole);
        return isBlank(bytes, member, opener);
      }
      const named = wrapped(parent, member, opener, '[]') as Record<string, JsonValue> | undefined;
      const [key, ...others] = Object.keys(named ?? {});
      if (around === undefined || named === undefined || key === undefined || others.length > 0) return false;
      setKey(around, key, whole);
      return Array.isArray(named[key]);
    },
  };
};

/**
 * Builds the value of a large text from pieces. The parser reads every byte of every member. This code only finds
 * where members begin and end, and accepts nothing between them but the commas and brackets of JSON. Each method says
 * whether the text can be JSON so far.
 */
const createAssembly = (bytes: Buffer) => {
  const { isBlank: isBlankBetween, addMembers, attach } = createReader(bytes);
  const levels: Level[] = [];
  /** How many of the outer levels were opened. */
  let opened = 0;
  let root: Container | undefined;

  const openLevel = (level: Level, parent: Level | undefined): boolean => {
    level.whole = level.isList ? [] : {};
    opened += 1;
    if (parent !== undefined) return attach(parent, level.whole, level.opener);
    root = level.whole;
    return isBlankBetween(0, level.opener);
  };

  /** Parses all that stands before the comma at `to`. */
  const cutAt = (to: number): boolean => {
    for (let depth = Math.max(opened - 1, 0); depth < levels.length; depth++) {
      const level = levels[depth] as Level;
      const isInner = depth + 1 === levels.length;
      if (level.whole === undefined && !openLevel(level, levels[depth - 1])) return false;
      const { run, member } = level;
      const end = isInner ? to : member - 1;
      if (run !== undefined && run <= end && !addMembers(level, run, end)) return false;
      level.run = isInner ? to + 1 : undefined;
    }
    return true;
  };

  const end = (at: number, isList: boolean): boolean => {
    const level = levels.pop();
    if (level?.isList !== isList) return false;
    const { run, behind, whole } = level;
    if (whole === undefined) return true;
    opened -= 1;
    if (run === undefined ? !isBlankBetween(behind, at) : !addMembers(level, run, at)) return false;
    const parent = levels.at(-1);
    if (parent !== undefined) parent.behind = at + 1;
    return parent !== undefined || isBlankBetween(at + 1, bytes.length);
  };

  return {
    bracket: (byte: number, at: number): boolean => {
      const isList = (byte & braceBit) === 0;
      if ((byte | braceBit) === close) return end(at, isList);
      levels.push({ opener: at, isList, member: at + 1, run: at + 1, behind: at + 1 });
      return true;
    },
    comma: (at: number, isPieceFull: boolean): boolean => {
      const level = levels.at(-1);
      if (level === undefined) return false;
      const isBehindLevel = level.run === undefined;
      if (isBehindLevel && !isBlankBetween(level.behind, at)) return false;
      if (isBehindLevel) level.run = at + 1;
      else if (isPieceFull && !cutAt(at)) return false;
      level.member = at + 1;
      return true;
    },
    /** The whole, once all of it was put together. */
    root: () => (opened === 0 ? root : undefined),
    isBegun: () => root !== undefined,
  };
};

/** Next to nothing but one long text, or too small for two steps. */
function* parsingWhole(bytes: Buffer): Steps<JsonValue | undefined> {
  yield;
  const text = bytes.toString('utf8');
  yield;
  return parseJson(text);
}

/**
 * Parses a text of any size as {@link parseJson} does, in steps: objects of legal size held the event loop for 100 ms and more,
 * most of it to look up each of hundreds of thousands of short keys and texts (R24). Its depth was bounded by the scan.
 * @param step - bytes of one step
 * @returns `undefined` when it is not JSON
 */
export function* parsing(bytes: Buffer, step = stepBytes): Steps<JsonValue | undefined> {
  const assembly = createAssembly(bytes);
  let parsed = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === quotationMark) at = endOfStringBytes(bytes, at + 1);
    else if (byte === comma) {
      const isFull = at - parsed >= step;
      // Before it too: finding the end of one long text takes as long as parsing it.
      if (isFull) yield;
      if (!assembly.comma(at, isFull)) return undefined;
      if (isFull) {
        parsed = at + 1;
        yield;
      }
    } else if (isBracket(byte) && !assembly.bracket(byte, at)) return undefined;
  }
  return assembly.isBegun() ? assembly.root() : yield* parsingWhole(bytes);
}
