import type { RE2JS } from 're2js';
import type { Evaluation } from '../../evaluate/evaluation.ts';
import { BuiltinFault } from '../../evaluate/fault.ts';
import type { RegoValue } from '../../values/value.ts';
import { integerAt, isReadableBy, textAt, type BuiltinTable } from '../builtin.ts';
import { intersects } from './regex-intersection.ts';
import { compiledPattern } from './regex-cache.ts';

interface Match {
  readonly start: number;
  readonly end: number;
  readonly groups: readonly (string | null)[];
}

/** A step of the budget pays for so many characters that a pattern of usual size reads. */
const charactersPerStep = 16;
/** At each character a pattern may stand at each of its instructions: `a{0,1000}` has a thousand. */
const usualSize = 64;

const pay = (ctx: Evaluation, characters: number, pattern: RE2JS): void => {
  const size = Math.max(1, pattern.programSize() / usualSize);
  ctx.shared.budget.spend(1 + Math.floor((characters * size) / charactersPerStep));
};

/**
 * Whether a pattern may read on behind a match, to see whether a longer one comes: it has a choice, and something in it
 * may go on for ever. Attack: `a*b|a` finds `a` thirty thousand times, and reads to the end of the text each time.
 */
const mayReadOn = (pattern: RE2JS): boolean => {
  const source = pattern.pattern();
  return /[*+]|\{\d{1,4},\}/.test(source) && /\||\)[*+?{]/.test(source);
};

/** All matches as Go finds them: an empty one that touches the match before it does not count. */
const matchesOf = (pattern: RE2JS, text: string, most: number, ctx: Evaluation): readonly Match[] => {
  const found: Match[] = [];
  const matcher = pattern.matcher(text);
  const isPaidAgain = mayReadOn(pattern);
  let before = -1;
  const end = most < 0 ? Infinity : most;
  while (found.length < end && matcher.find()) {
    const start = matcher.start();
    const stop = matcher.end();
    ctx.shared.budget.spend();
    if (isPaidAgain) pay(ctx, text.length - stop, pattern);
    const isCounted = stop > start || start !== before;
    before = stop;
    if (!isCounted) continue;
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_unused, at) => matcher.group(at));
    found.push({ start, end: stop, groups });
  }
  return found;
};

const matches = (args: readonly RegoValue[], ctx: Evaluation): boolean => {
  const pattern = compiledPattern(textAt(args, 1));
  const text = textAt(args, 2);
  pay(ctx, text.length, pattern);
  return pattern.matcher(text).find();
};

const split = (args: readonly RegoValue[], ctx: Evaluation): RegoValue => {
  const source = textAt(args, 1);
  const text = textAt(args, 2);
  const pattern = compiledPattern(source);
  pay(ctx, text.length, pattern);
  if (text === '' && source !== '') return [''];
  const parts: string[] = [];
  let begin = 0;
  let last = 0;
  for (const { start, end } of matchesOf(pattern, text, -1, ctx)) {
    last = start;
    if (end !== 0) parts.push(text.slice(begin, start));
    begin = end;
  }
  if (last !== text.length) parts.push(text.slice(begin));
  return parts;
};

const find = (args: readonly RegoValue[], ctx: Evaluation): readonly Match[] => {
  const pattern = compiledPattern(textAt(args, 1));
  const text = textAt(args, 2);
  pay(ctx, text.length, pattern);
  return matchesOf(pattern, text, Number(integerAt(args, 3)), ctx);
};

/** `$1`, `${name}` and `$$` in what is put in place. */
const expanded = (template: string, { groups }: Match, names: Readonly<Record<string, number>>): string =>
  template.replace(/\$(?:\$|\{(\w{1,64})\}|(\w{1,64}))/g, (all, braced?: string, bare?: string) => {
    if (all === '$$') return '$';
    const name = braced ?? bare ?? '';
    const at = /^\d{1,9}$/.test(name) ? Number(name) : (names[name] ?? -1);
    return groups[at] ?? '';
  });

const replace = (args: readonly RegoValue[], ctx: Evaluation): string => {
  const text = textAt(args, 1);
  const pattern = compiledPattern(textAt(args, 2));
  const template = textAt(args, 3);
  pay(ctx, text.length, pattern);
  const names = pattern.namedGroups();
  let out = '';
  let from = 0;
  for (const match of matchesOf(pattern, text, -1, ctx)) {
    const put = expanded(template, match, names);
    ctx.shared.budget.allocate(put.length);
    out += text.slice(from, match.start) + put;
    from = match.end;
  }
  return out + text.slice(from);
};

const oneCharacter = (args: readonly RegoValue[], at: number, which: string): string => {
  const text = textAt(args, at);
  if (Array.from(text).length !== 1)
    throw new BuiltinFault(
      `${which} delimiter has to be exactly one character long but is ${text.length} long`,
    );
  return text;
};

const quoted = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');

/** A template with patterns between delimiters, as one pattern. */
const templatePattern = (template: string, open: string, close: string): string => {
  let out = '';
  let depth = 0;
  let from = 0;
  for (let at = 0; at < template.length; at++) {
    const character = template.charAt(at);
    if (character === open) {
      if (depth === 0) {
        out += quoted(template.slice(from, at));
        from = at + 1;
      }
      depth += 1;
    } else if (character === close) {
      depth -= 1;
      if (depth < 0) break;
      if (depth === 0) {
        out += `(${template.slice(from, at)})`;
        from = at + 1;
      }
    }
  }
  if (depth !== 0) throw new BuiltinFault(`unbalanced braces in ${JSON.stringify(template)}`);
  return `^${out}${quoted(template.slice(from))}$`;
};

const templateMatches = (args: readonly RegoValue[], ctx: Evaluation): boolean => {
  const open = oneCharacter(args, 3, 'start');
  const close = oneCharacter(args, 4, 'end');
  const pattern = compiledPattern(templatePattern(textAt(args, 1), open, close));
  pay(ctx, textAt(args, 2).length, pattern);
  return pattern.matcher(textAt(args, 2)).find();
};

/** Policy Reference, "Regex". */
export const regexes: BuiltinTable = {
  re_match: matches,
  'regex.match': matches,
  'regex.is_valid': isReadableBy(compiledPattern),
  'regex.split': split,
  'regex.find_n': (args, ctx) => find(args, ctx).map(({ groups }) => groups[0] ?? ''),
  'regex.find_all_string_submatch_n': (args, ctx) =>
    find(args, ctx).map(({ groups }) => groups.map((group) => group ?? '')),
  'regex.replace': replace,
  'regex.template_match': templateMatches,
  'regex.globs_match': (args, ctx) => intersects(textAt(args, 1), textAt(args, 2), ctx),
};
