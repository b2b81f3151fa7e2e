import type { Next } from '../random.ts';
import { ExpressionDrawer, kinds, type Kind } from './draw-expression.ts';

export interface DrawnTemplate {
  readonly text: string;
  readonly version: 'v0' | 'v1';
}

const braces = (literals: readonly string[]): string =>
  `{\n${literals.map((one) => `  ${one}\n`).join('')}}\n`;

/** Draws modules as people write templates: helpers, and violations with a message. */
class TemplateDrawer extends ExpressionDrawer {
  readonly version: DrawnTemplate['version'];
  /** `in`, `every`, `contains` and `if` are words of the module. */
  readonly hasKeywords: boolean;

  constructor(next: Next) {
    super(next);
    this.version = this.chance(0.4) ? 'v1' : 'v0';
    this.hasKeywords = this.version === 'v1' || this.chance(0.3);
  }

  #block(literals: readonly string[]): string {
    const isIf = this.version === 'v1' || (this.hasKeywords && this.chance(0.5));
    return `${isIf ? ' if' : ''} ${braces(literals)}`;
  }

  literal(): string {
    const depth = 2;
    return this.pick(
      () => this.#assignment(depth),
      () => this.#assignment(depth),
      () => this.#iteration(),
      () => this.comparison(depth),
      () => this.expression('boolean', depth),
      () => `not ${this.expression('boolean', depth)}`,
      () => this.#unification(depth),
      () => this.#membership(depth),
      () => this.#replacement(depth),
      () => this.#walk(),
    )();
  }

  #assignment(depth: number): string {
    const kind = this.pick(...kinds);
    const value = this.expression(kind, depth);
    const name = this.fresh();
    this.names.push({ text: name, kind });
    return `${name} ${this.pick(':=', ':=', '=')} ${value}`;
  }

  #iteration(): string {
    const [name, key] = [this.fresh('c'), this.fresh('i')];
    const from = this.pick(
      'input.review.object.spec.containers',
      'input.parameters.repos',
      'input.review.object.metadata.labels',
      'input.review.object.spec.odd',
    );
    const known = this.names.filter(({ takes }) => takes === undefined).map(({ text }) => text);
    if (known.length > 0 && this.chance(0.15)) return `${this.pick(...known)} == ${from}[_]`;
    this.names.push({ text: name, kind: 'any' });
    if (this.chance(0.4)) this.names.push({ text: `${name}.image`, kind: 'string' });
    if (this.chance(0.5)) return `${name} := ${from}[_]`;
    this.names.push({ text: key, kind: 'any' });
    return this.chance(0.5) ? `some ${key}\n  ${name} := ${from}[${key}]` : `${name} := ${from}[${key}]`;
  }

  #unification(depth: number): string {
    const [name, other] = [this.fresh('u'), this.fresh('u')];
    const one = this.expression('any', depth - 1);
    const text = this.pick(
      () => `[${name}, ${this.expression('any', 0)}] = [${one}, ${this.expression('any', 0)}]`,
      () => `{"a": ${name}} = {"a": ${one}}`,
      () => `[${name}, ${other}] = ${this.expression('array', depth - 1)}`,
      () => `[${name}, _] := split(${this.expression('string', 1)}, ",")`,
      () => `${name} = ${one}`,
    )();
    this.names.push({ text: name, kind: 'any' });
    return text;
  }

  #membership(depth: number): string {
    if (!this.hasKeywords) return this.comparison(depth);
    const from = this.expression(this.pick('array', 'set', 'object', 'any'), depth - 1);
    const [key, name] = [this.fresh('k'), this.fresh('m')];
    return this.pick(
      () => `${this.expression('any', 1)} in ${from}`,
      () => {
        this.names.push({ text: name, kind: 'any' });
        return `some ${name} in ${from}`;
      },
      () => {
        this.names.push({ text: name, kind: 'any' }, { text: key, kind: 'any' });
        return `some ${key}, ${name} in ${from}`;
      },
      () =>
        this.inside(() => {
          this.names.push({ text: name, kind: 'any' });
          return `every ${name} in ${from} {\n    ${this.expression('boolean', 1)}\n  }`;
        }),
    )();
  }

  #replacement(depth: number): string {
    const target = this.pick(
      'input',
      'input.parameters',
      'input.review.object.spec',
      'data.inventory',
      'count',
    );
    const value = this.expression(target === 'count' ? 'number' : 'object', depth - 1);
    return `${this.expression('boolean', 1)} with ${target} as ${value}`;
  }

  #walk(): string {
    const [path, value] = [this.fresh('p'), this.fresh('w')];
    this.names.push({ text: path, kind: 'array' }, { text: value, kind: 'any' });
    return `walk(${this.pick('input.review.object.spec', 'input.parameters', '{"a": [1, {"b": 2}]}')}, [${path}, ${value}])`;
  }

  body(): readonly string[] {
    return Array.from({ length: 1 + Math.floor(this.next() * 3) }, () => this.literal());
  }

  #helper(): string {
    const name = this.fresh('h');
    const kind = this.pick(...kinds);
    return this.pick(
      () => this.#completeRule(name, kind),
      () => this.#function(name, kind),
      () => this.#function(name, kind),
      () => this.#partialSet(name),
      () => this.#partialObject(name),
    )();
  }

  #completeRule(name: string, kind: Kind): string {
    const one = (): string =>
      this.inside(() => {
        const body = this.body();
        return `${name} ${this.pick(':=', '=')} ${this.expression(kind, 1)}${this.#block(body)}`;
      });
    const more = this.chance(0.3) ? one() : '';
    const standard = this.chance(0.4) ? `default ${name} = ${this.pick('null', '1', '"none"', '[]')}\n` : '';
    const text = standard + one() + more;
    this.names.push({ text: name, kind });
    return text;
  }

  #function(name: string, kind: Kind): string {
    const takes = Array.from({ length: 1 + Math.floor(this.next() * 2) }, () => this.pick(...kinds));
    const one = (): string =>
      this.inside(() => {
        const args = takes.map(() => this.fresh('a'));
        for (const [at, arg] of args.entries()) this.names.push({ text: arg, kind: takes[at]! });
        const head = args.map((arg) => (this.chance(0.1) ? this.pick('1', '"a"', 'null') : arg)).join(', ');
        const body = this.inside(() => {
          const literals = this.body();
          return ` := ${this.expression(kind, 1)}${this.#block(literals)}`;
        });
        const otherwise = this.chance(0.3)
          ? `${body.trimEnd()} else := ${this.expression(kind, 1)}${this.#block([this.expression('boolean', 1)])}`
          : body;
        return `${name}(${head})${otherwise}`;
      });
    const text = one() + (this.chance(0.3) ? one() : '');
    this.names.push({ text: name, kind, takes });
    return text;
  }

  #partialSet(name: string): string {
    const text = this.inside(() => {
      const body = this.body();
      const member = this.expression(this.pick(...kinds), 1);
      const isContains = this.version === 'v1' || (this.hasKeywords && this.chance(0.5));
      return isContains
        ? `${name} contains ${member}${this.#block(body)}`
        : `${name}[${member}] ${braces(body)}`;
    });
    this.names.push({ text: name, kind: 'set' });
    return text;
  }

  #partialObject(name: string): string {
    const text = this.inside(() => {
      const body = this.body();
      return `${name}[${this.expression('string', 1)}] ${this.pick(':=', '=')} ${this.expression('any', 1)}${this.#block(body)}`;
    });
    this.names.push({ text: name, kind: 'object' });
    return text;
  }

  #violation(): string {
    return this.inside(() => {
      const body = [...this.body()];
      const message = this.chance(0.7)
        ? `msg := sprintf("%v: %v", [${this.expression('any', 2)}, ${this.expression('any', 1)}])`
        : `msg := ${this.expression(this.chance(0.95) ? 'string' : 'any', 2)}`;
      body.splice(this.chance(0.95) ? body.length : 0, 0, message);
      const details = this.chance(0.3) ? `, "details": ${this.expression('any', 1)}` : '';
      const head = `{"msg": msg${details}}`;
      return this.version === 'v1'
        ? `violation contains ${head}${this.#block(body)}`
        : `violation[${head}] ${braces(body)}`;
    });
  }

  template(): DrawnTemplate {
    const imports = this.version === 'v0' && this.hasKeywords ? 'import future.keywords\n\n' : '';
    const helpers = Array.from({ length: Math.floor(this.next() * 4) }, () => this.#helper());
    const violations = Array.from({ length: 1 + Math.floor(this.next() * 2) }, () => this.#violation());
    return {
      text: `package drawn\n\n${imports}${[...helpers, ...violations].join('\n')}`,
      version: this.version,
    };
  }
}

export const drawTemplate = (next: Next): DrawnTemplate => new TemplateDrawer(next).template();
