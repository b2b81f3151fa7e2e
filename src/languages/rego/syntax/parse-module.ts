import { fail, ok, type Result } from '../../../core/result.ts';
import { RuleParser } from './rule-parser.ts';
import { scanTokens } from './scanner.ts';
import type { RuleBody, Import, Module, RegoRule } from './term.ts';
import { SyntaxFault, type RegoToken } from './token.ts';

/** Rego 0 knows the keywords `if`, `contains`, `every` and `in` where a module imports them, Rego 1 everywhere. */
export type RegoVersion = 'v0' | 'v1';

/** What the grammar does not allow, and where. */
export interface ParseProblem {
  readonly message: string;
  readonly offset: number;
}

export const maxSourceBytes = 512 * 1024;

/** Said when the stack of the engine has no more room for a text. */
export const nestsTooDeeply = 'nests too deeply to be read';

const futureKeywords = ['in', 'every', 'contains', 'if'] as const;

const importRoots: readonly string[] = ['data', 'future', 'input', 'rego'];

class ModuleParser extends RuleParser {
  #path(): readonly string[] {
    const path = [this.expectName().text];
    while (this.isGlued('.') || this.isGlued('[')) {
      const step = this.step();
      if (step.kind !== 'scalar' || typeof step.value !== 'string')
        throw this.fault('unexpected term in path', step.at);
      path.push(step.value);
    }
    return path;
  }

  #package(): readonly string[] {
    if (!this.isName('package')) throw this.fault('package expected');
    this.advance();
    if (this.token.isFirst) throw this.unexpected();
    return this.#path();
  }

  #import(): Import {
    const { start: at } = this.advance();
    const place = this.token.start;
    const path = this.#path();
    const [root = ''] = path;
    if (!importRoots.includes(root))
      throw this.fault(
        `unexpected import path, must begin with one of: {${importRoots.join(', ')}}, got: ${root}`,
        place,
      );
    if (this.isName('as')) {
      this.advance();
      return { path, alias: this.expectName().text, at };
    }
    return { path, alias: path.at(-1) ?? '', at };
  }

  #enable({ path, at }: Import): void {
    const [root, keywords, word] = path;
    if (root === 'rego' && keywords === 'v1' && path.length === 2) {
      this.isStrict = true;
      for (const keyword of futureKeywords) this.keywords.add(keyword);
    }
    if (root !== 'future') return;
    // `not` changes what stands behind it, so it comes only by its name.
    const all: readonly string[] = word === undefined ? futureKeywords : [...futureKeywords, 'not'];
    const known = all.filter((keyword) => word === undefined || keyword === word);
    if (keywords !== 'keywords' || known.length === 0 || path.length > 3)
      throw this.fault(`unexpected keyword, must be one of [${[...futureKeywords].sort().join(' ')}]`, at);
    for (const keyword of known) this.keywords.add(keyword);
    if (word === 'every') this.keywords.add('in');
  }

  module(source: string): Module {
    const name = this.#package();
    const imports: Import[] = [];
    const rules: RegoRule[] = [];
    while (this.token.kind !== 'end') {
      if (!this.token.isFirst && !this.accept(';')) throw this.unexpected();
      if (this.isName('import')) {
        const found = this.#import();
        this.#enable(found);
        imports.push(found);
      } else rules.push(...this.rules());
      this.accept(';');
    }
    return { source, package: name, isStrict: this.isStrict, imports, rules };
  }
}

const parserOf = (tokens: readonly RegoToken[], version: RegoVersion): ModuleParser => {
  const parser = new ModuleParser(tokens, version === 'v1' ? futureKeywords : []);
  parser.isStrict = version === 'v1';
  return parser;
};

const parsed = <T>(source: string, read: () => T): Result<T, ParseProblem> => {
  if (source.length > maxSourceBytes)
    return fail({ message: `source is over ${maxSourceBytes} bytes`, offset: 0 });
  try {
    return ok(read());
  } catch (error) {
    if (error instanceof SyntaxFault) return fail({ message: error.message, offset: error.offset });
    // A chain of `else` or of operators nests without brackets.
    if (error instanceof RangeError) return fail({ message: nestsTooDeeply, offset: 0 });
    throw error;
  }
};

/** A module (Policy Language, "Modules"). Whatever the text is, this returns. */
export const parseModule = (source: string, version: RegoVersion): Result<Module, ParseProblem> =>
  parsed(source, () => parserOf(scanTokens(source), version).module(source));

/** A query, as it stands in a body. */
export const parseQuery = (source: string, version: RegoVersion = 'v1'): Result<RuleBody, ParseProblem> =>
  parsed(source, () => parserOf(scanTokens(source), version).body(''));
