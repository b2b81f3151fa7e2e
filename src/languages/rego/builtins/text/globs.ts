import { RE2JS } from 're2js';
import type { Evaluation } from '../../evaluate/evaluation.ts';
import { BuiltinFault } from '../../evaluate/fault.ts';
import type { RegoValue } from '../../values/value.ts';
import { textAt, textsOf, wrongOperand, type BuiltinTable } from '../builtin.ts';
import { compiledPattern } from './regex-cache.ts';

const quoted = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$-]/g, '\\$&');

/** Makes a pattern of a glob: `*`, `**`, `?`, `[a-z]`, `[!a]`, `{a,b}` and `\`. */
class GlobReader {
  readonly #glob: readonly string[];
  readonly #single: string;
  #at = 0;

  constructor(glob: string, separators: readonly string[]) {
    this.#glob = Array.from(glob);
    this.#single = separators.length === 0 ? '.' : `[^${separators.map(quoted).join('')}]`;
  }

  pattern(): string {
    const pattern = this.#sequence(false);
    if (this.#at < this.#glob.length) throw new BuiltinFault('syntax error in pattern');
    return `^(?:${pattern})$`;
  }

  #sequence(isInside: boolean): string {
    let out = '';
    while (this.#at < this.#glob.length) {
      const character = this.#glob[this.#at] ?? '';
      if (isInside && (character === ',' || character === '}')) return out;
      this.#at += 1;
      out += this.#piece(character);
    }
    return out;
  }

  #piece(character: string): string {
    switch (character) {
      case '*':
        return this.#star();
      case '?':
        return this.#single;
      case '[':
        return this.#class();
      case '{':
        return this.#choice();
      case '\\':
        return quoted(this.#next());
      default:
        return quoted(character);
    }
  }

  #next(): string {
    const character = this.#glob[this.#at];
    if (character === undefined) throw new BuiltinFault('unexpected end of input');
    this.#at += 1;
    return character;
  }

  #star(): string {
    let count = 1;
    while (this.#glob[this.#at] === '*') {
      this.#at += 1;
      count += 1;
    }
    return count > 1 ? '.*' : `${this.#single}*`;
  }

  #class(): string {
    const isNegated = this.#glob[this.#at] === '!';
    if (isNegated) this.#at += 1;
    let out = '';
    for (let character = this.#next(); character !== ']'; character = this.#next()) {
      const from = character === '\\' ? this.#next() : character;
      const isRange = this.#glob[this.#at] === '-' && this.#glob[this.#at + 1] !== ']';
      if (isRange) this.#at += 1;
      out += isRange ? `${quoted(from)}-${quoted(this.#next())}` : quoted(from);
    }
    if (out === '') throw new BuiltinFault('empty range');
    return `[${isNegated ? '^' : ''}${out}]`;
  }

  #choice(): string {
    const choices: string[] = [];
    for (;;) {
      choices.push(this.#sequence(true));
      const end = this.#next();
      if (end === '}') return `(?:${choices.join('|')})`;
    }
  }
}

const separatorsAt = (args: readonly RegoValue[]): readonly string[] => {
  const [, separators = null] = args;
  if (separators === null) return [];
  if (!Array.isArray(separators)) return wrongOperand(2, 'one of {array, null}', separators);
  const texts = textsOf(separators as readonly RegoValue[], 2, 'array of strings');
  return texts.length === 0 ? ['.'] : texts;
};

const matches = (args: readonly RegoValue[], ctx: Evaluation): boolean => {
  const glob = textAt(args, 1);
  const separators = separatorsAt(args);
  const text = textAt(args, 3);
  ctx.shared.budget.spend(1 + Math.floor((glob.length + text.length) / 16));
  return compiledPattern(new GlobReader(glob, separators).pattern(), RE2JS.DOTALL).matcher(text).find();
};

/** Policy Reference, "Glob". */
export const globs: BuiltinTable = {
  'glob.match': matches,
  'glob.quote_meta': (args) => textAt(args, 1).replace(/[*?\\[\]{}]/g, '\\$&'),
};
