import { builtinSignatures } from '../builtins/signatures.ts';
import { anything, either, scalarType, type MaybeType, type ObjectType, type Type } from './type.ts';

/** One argument, or the answer: its type, and as OPA's messages name it. */
export interface TypedName {
  readonly text: string;
  readonly type: MaybeType;
}
export interface Signature {
  readonly args: readonly TypedName[];
  readonly result: TypedName;
}

/** Reads types as OPA writes them. */
class TypeReader {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  accept(sign: string): boolean {
    if (!this.#text.startsWith(sign, this.at)) return false;
    this.at += sign.length;
    return true;
  }

  #word(): string {
    const [word = ''] = /^[^<>[\]:,()]{0,64}/.exec(this.#text.slice(this.at)) ?? [];
    this.at += word.length;
    return word;
  }

  /** What stands between angle brackets. */
  #list<T>(read: () => T): readonly T[] {
    if (!this.accept('<')) return [];
    const all = [read()];
    while (this.accept(', ')) all.push(read());
    this.accept('>');
    return all;
  }

  #field(): readonly [string, MaybeType] {
    const name = this.#word();
    this.accept(': ');
    return [name, this.type()];
  }

  #rest(): ObjectType['rest'] {
    if (!this.accept('[')) return undefined;
    const key = this.type();
    const value = this.accept(': ') ? this.type() : undefined;
    this.accept(']');
    return { key, value };
  }

  type(): Type {
    const word = this.#word();
    switch (word) {
      case 'array': {
        const items = this.#list(() => this.type());
        return { kind: 'array', items, rest: this.#rest()?.key };
      }
      case 'object': {
        const fields = this.#list(() => this.#field());
        return { kind: 'object', fields, rest: this.#rest() };
      }
      case 'set':
        return { kind: 'set', of: this.#rest()?.key };
      case 'any':
        return this.#list(() => this.type()).reduce<MaybeType>(either, undefined) ?? anything;
      default:
        return scalarType(word as 'null' | 'boolean' | 'number' | 'string');
    }
  }

  /** A type with a name before it, or without. */
  named(): TypedName {
    const from = this.at;
    const name = /^[\w ]{1,64}: /.exec(this.#text.slice(this.at));
    this.at += name?.[0].length ?? 0;
    const type = this.type();
    return { text: this.#text.slice(from, this.at), type };
  }

  signature(): Signature {
    this.accept('(');
    const args: TypedName[] = [];
    while (!this.accept(')')) {
      args.push(this.named());
      this.accept(', ');
    }
    this.accept(' => ');
    return { args, result: this.named() };
  }
}

const read = new Map<string, Signature>();

/** What a builtin takes and answers; `undefined`: there is none of this name. */
export const signatureOf = (name: string): Signature | undefined => {
  const text = builtinSignatures.get(name);
  if (text === undefined) return undefined;
  const signature = read.get(name) ?? new TypeReader(text).signature();
  read.set(name, signature);
  return signature;
};
