import { numberOf } from '../../values/number.ts';
import { RegoObject, type RegoValue } from '../../values/value.ts';
import { beyondBound, BuiltinFault } from '../../evaluate/fault.ts';

const maxDepth = 200;
const space = /[ \t\n\r]/;
const number = /-?(?:0|[1-9]\d{0,399})(?:\.\d{1,400})?(?:[eE][+-]?\d{1,9})?/y;
const plainText = /[^"\\\u0000-\u001f]{1,4096}/y;
const words: ReadonlyMap<string, RegoValue> = new Map<string, RegoValue>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Reads JSON with the text of its numbers, which the engine's own reader loses. */
class JsonReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): RegoValue {
    const value = this.#value();
    this.#skip();
    if (this.#at < this.#text.length) throw this.#fault();
    return value;
  }

  #fault(): BuiltinFault {
    const sign = this.#text.charAt(this.#at);
    return new BuiltinFault(
      sign === ''
        ? 'unexpected end of JSON input'
        : `invalid character '${sign}' looking for beginning of value`,
    );
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #skip(): string {
    while (space.test(this.#text.charAt(this.#at))) this.#at += 1;
    return this.#text.charAt(this.#at);
  }

  #value(): RegoValue {
    const sign = this.#skip();
    if (sign === '"') return this.#string();
    if (sign === '[') return this.#nested(() => this.#array());
    if (sign === '{') return this.#nested(() => this.#object());
    for (const [word, value] of words)
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    const digits = this.#match(number);
    if (digits === '') throw this.#fault();
    // No digit stands behind a number but behind a zero: the pattern has read as much as it may.
    if (/\d/.test(this.#text.charAt(this.#at)) && !/^-?0$/.test(digits))
      throw beyondBound('a number of JSON has too many digits');
    return numberOf(digits);
  }

  #nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw beyondBound(`JSON is nested deeper than ${maxDepth} levels`);
    this.#at += 1;
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #take(sign: string): boolean {
    if (this.#skip() !== sign) return false;
    this.#at += 1;
    return true;
  }

  #array(): RegoValue {
    const items: RegoValue[] = [];
    if (this.#take(']')) return items;
    for (;;) {
      items.push(this.#value());
      if (this.#take(']')) return items;
      if (!this.#take(',')) throw this.#fault();
    }
  }

  #object(): RegoValue {
    const object = new RegoObject();
    if (this.#take('}')) return object;
    for (;;) {
      if (this.#skip() !== '"') throw this.#fault();
      const key = this.#string();
      if (!this.#take(':')) throw this.#fault();
      object.set(key, this.#value());
      if (this.#take('}')) return object;
      if (!this.#take(',')) throw this.#fault();
    }
  }

  #string(): string {
    this.#at += 1;
    let text = '';
    for (;;) {
      const plain = this.#match(plainText);
      text += plain;
      if (plain !== '') continue;
      const sign = this.#text.charAt(this.#at);
      this.#at += 1;
      if (sign === '"') return text.toWellFormed();
      if (sign !== '\\') throw this.#fault();
      text += this.#escape();
    }
  }

  #escape(): string {
    const sign = this.#text.charAt(this.#at);
    this.#at += 1;
    const plain = escapes[sign];
    if (plain !== undefined) return plain;
    const digits = this.#text.slice(this.#at, this.#at + 4);
    if (sign !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#fault();
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
}

/** @throws {BuiltinFault} for what is no JSON */
export const readJson = (text: string): RegoValue => new JsonReader(text).document();
