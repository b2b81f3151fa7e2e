import { fail, ok, type Result } from '../../../core/result.ts';

/** One way to log in that a server offers. */
export interface Challenge {
  /** Lower case: `basic`, `bearer`. */
  readonly scheme: string;
  /** Names in lower case, values without their quotes and escapes. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Longest header that is read, in UTF-16 units. */
export const maxChallengeLength = 8192;
const maxChallenges = 16;
const maxParameters = 32;

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8192}/y;
const token68 = /[0-9A-Za-z._~+/-]{1,8192}={0,8}(?=[ \t]{0,64}(?:,|$))/y;
const quoted = /"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff]){0,8192})"/y;
const spaces = /[ \t]{1,8192}/y;
const separators = /[ \t,]{0,8192}/y;
const equals = /[ \t]{0,64}=[ \t]{0,64}/y;
const escaped = /\\(.)/g;

interface Cursor {
  readonly text: string;
  at: number;
}

/** Matches the pattern at the cursor and moves the cursor behind the match. @returns undefined without a match */
const take = (cursor: Cursor, pattern: RegExp): string | undefined => {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found === null) return undefined;
  cursor.at = pattern.lastIndex;
  return found[1] ?? found[0];
};

/** Reads `name = value`. @returns undefined, without moving the cursor, when something else stands here */
const takeParameter = (cursor: Cursor): readonly [string, string] | undefined => {
  const start = cursor.at;
  const name = take(cursor, token);
  if (name !== undefined && take(cursor, equals) !== undefined) {
    const isQuoted = cursor.text[cursor.at] === '"';
    const value = take(cursor, isQuoted ? quoted : token);
    if (value !== undefined) return [name.toLowerCase(), isQuoted ? value.replace(escaped, '$1') : value];
  }
  cursor.at = start;
  return undefined;
};

const takeParameters = (cursor: Cursor): Result<ReadonlyMap<string, string>, string> => {
  const parameters = new Map<string, string>();
  for (;;) {
    const before = cursor.at;
    const found = takeParameter(cursor);
    if (found === undefined) {
      cursor.at = before;
      return ok(parameters);
    }
    const [name, value] = found;
    // Two readers of the header could choose different duplicates, above all different realms.
    if (parameters.has(name)) return fail(`it names ${name} twice`);
    if (parameters.size >= maxParameters) return fail(`it has more than ${maxParameters} parameters`);
    parameters.set(name, value);
    const end = cursor.at;
    take(cursor, separators);
    if (cursor.at < cursor.text.length && !cursor.text.slice(end, cursor.at).includes(',')) {
      return fail('a parameter does not end where it should');
    }
  }
};

const takeChallenge = (cursor: Cursor): Result<Challenge, string> => {
  const scheme = take(cursor, token);
  if (scheme === undefined) return fail('it holds something that is no login scheme');
  const isAlone = take(cursor, spaces) === undefined;
  if (isAlone || take(cursor, token68) !== undefined) {
    return ok({ scheme: scheme.toLowerCase(), parameters: new Map() });
  }
  const parameters = takeParameters(cursor);
  return parameters.ok ? ok({ scheme: scheme.toLowerCase(), parameters: parameters.value }) : parameters;
};

/**
 * Reads `WWW-Authenticate`: several challenges in one header, quoted strings with escapes, names in any case. At most
 * 8,192 characters, 16 challenges, 32 parameters each.
 * @returns the error says why it cannot be read; then no challenge of the header is used
 * @see RFC 9110, sections 11.2 to 11.6.1 and 5.6
 * @example
 * parseChallenges('Bearer realm="https://auth.example.com/token"').value[0].scheme // 'bearer'
 */
export const parseChallenges = (header: string): Result<readonly Challenge[], string> => {
  if (header.length > maxChallengeLength) return fail(`it is longer than ${maxChallengeLength} characters`);
  const cursor: Cursor = { text: header, at: 0 };
  const challenges: Challenge[] = [];
  take(cursor, separators);
  while (cursor.at < header.length) {
    if (challenges.length >= maxChallenges)
      return fail(`it offers more than ${maxChallenges} ways to log in`);
    const start = cursor.at;
    const challenge = takeChallenge(cursor);
    if (!challenge.ok) return challenge;
    challenges.push(challenge.value);
    const end = cursor.at;
    take(cursor, separators);
    const isSeparated = header.slice(start, cursor.at).trimEnd().endsWith(',');
    if (cursor.at < header.length && !isSeparated) return fail(`it cannot be read at character ${end + 1}`);
  }
  return ok(challenges);
};
