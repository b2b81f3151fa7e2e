import type { Evaluation } from '../../evaluate/evaluation.ts';
import { BuiltinFault } from '../../evaluate/fault.ts';

/** Characters from one to the other. */
type Range = readonly [number, number];
interface Part {
  readonly ranges: readonly Range[];
  readonly flag: '' | '+' | '*';
}

const anything: readonly Range[] = [[0, 0x10_ff_ff]];

const bad = (input: string, position: number, why: string): BuiltinFault =>
  new BuiltinFault(`input:${input}, pos:${position}, ${why}: the input provided is invalid`);

const codeOf = (character: string | undefined): number => character?.codePointAt(0) ?? 0;

/** What these simple patterns are made of: characters, `.`, `[a-z]`, each with `+` or `*` behind it. */
class PartReader {
  readonly #input: string;
  readonly #characters: readonly string[];
  #at = 0;

  constructor(input: string) {
    this.#input = input;
    this.#characters = Array.from(input);
  }

  parts(): readonly Part[] {
    const found: Part[] = [];
    while (this.#at < this.#characters.length) {
      const ranges = this.#ranges();
      const sign = this.#characters[this.#at];
      const flag = sign === '+' || sign === '*' ? sign : '';
      if (flag !== '') this.#at += 1;
      found.push({ ranges, flag });
    }
    return found;
  }

  #ranges(): readonly Range[] {
    const character = this.#characters[this.#at++];
    if (character === '.') return anything;
    if (character === '[') return this.#set();
    if (character === ']') throw bad(this.#input, this.#at, "set-close ']' with no preceding '['");
    if (character === '*' || character === '+')
      throw bad(this.#input, this.#at, `flag '${character}' must be preceded by a non-flag`);
    const code = codeOf(character === '\\' ? this.#characters[this.#at++] : character);
    return [[code, code]];
  }

  #set(): readonly Range[] {
    const ranges: Range[] = [];
    for (;;) {
      const character = this.#characters[this.#at++];
      if (character === undefined) throw bad(this.#input, this.#at, "'[' without ']'");
      if (character === ']') return ranges;
      const from = codeOf(character === '\\' ? this.#characters[this.#at++] : character);
      const isRange = this.#characters[this.#at] === '-' && this.#characters[this.#at + 1] !== ']';
      const to = isRange ? codeOf(this.#characters[this.#at + 1]) : from;
      if (isRange) this.#at += 2;
      if (to < from) throw bad(this.#input, this.#at, 'range is out of order');
      ranges.push([from, to]);
    }
  }
}

const meet = (one: Part, other: Part): boolean =>
  one.ranges.some(([from, to]) => other.ranges.some(([low, high]) => from <= high && low <= to));

/** States that are reached without a character, and those behind one. */
const behind = (parts: readonly Part[], at: number): readonly number[] => {
  const part = parts[at];
  if (part === undefined) return [];
  return part.flag === '' ? [at + 1] : [at, at + 1];
};

type State = readonly [number, number];

/** Where two patterns may be once each of them has gone on from a state. */
const nextStates = (one: readonly Part[], other: readonly Part[], [i, j]: State): readonly State[] => {
  const [first, second] = [one[i], other[j]];
  const skipped: State[] = [];
  if (first?.flag === '*') skipped.push([i + 1, j]);
  if (second?.flag === '*') skipped.push([i, j + 1]);
  if (first === undefined || second === undefined || !meet(first, second)) return skipped;
  return [
    ...skipped,
    ...behind(one, i).flatMap((next) => behind(other, j).map((there): State => [next, there])),
  ];
};

/** Whether some text fits both patterns. */
export const intersects = (left: string, right: string, ctx: Evaluation): boolean => {
  const one = new PartReader(left).parts();
  const other = new PartReader(right).parts();
  ctx.shared.budget.spend(Math.ceil(((one.length + 1) * (other.length + 1)) / 4));
  const seen = new Set<number>();
  const open: State[] = [[0, 0]];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const [i, j] = state;
    if (i === one.length && j === other.length) return true;
    for (const next of nextStates(one, other, state)) {
      const key = next[0] * (other.length + 1) + next[1];
      if (!seen.has(key)) open.push(next);
      seen.add(key);
    }
  }
  return false;
};
