import { pick, type Next } from '../random.ts';

export type Kind = 'number' | 'string' | 'boolean' | 'array' | 'set' | 'object' | 'any';
export const kinds: readonly Kind[] = ['number', 'string', 'boolean', 'array', 'set', 'object', 'any'];

/** A variable, a rule or a function that an expression may name. */
export interface Named {
  readonly text: string;
  readonly kind: Kind;
  /** Of a function: what it takes. */
  readonly takes?: readonly Kind[];
}

const numbers =
  '0 1 2 3 -1 7 10 3.5 0.1 -2.5 1e3 100 255 1000000 1000001 123456789012 9007199254740993 1.50 0.30000000000000004'.split(
    ' ',
  );
const strings = [
  '""',
  '"a"',
  '"b"',
  '"app"',
  '"nginx"',
  '"registry.example.com/"',
  '"a,b,c"',
  '"100m"',
  '"1Gi"',
  '"12"',
  '"Ünïcode"',
  '"straße İ ǅ"',
  '"😀x"',
  '"__proto__"',
  '"constructor"',
  '"x\\ny"',
  '"<a&b>"',
  '`raw \\d`',
];
const patterns = ['"^a"', '"a+"', '"^[a-z]+$"', '"(a|b)*c"', '`^\\w+$`', '"["', '"\\\\d+"'];
const formats = ['"%v"', '"%s"', '"%d"', '"%v and %v"', '"%q"', '"%5.2f"', '"%x"', '"%v%%"', '"%+v %t"'];
const keys = ['"name"', '"image"', '"app"', '"a"', '"limit"', '"__proto__"', '"labels"'];

/** References into the input, whose values nobody knows before. */
const references: readonly string[] = [
  'input.review.object.metadata.labels',
  'input.review.object.metadata.name',
  'input.review.object.metadata.annotations.owner',
  'input.review.object.spec.containers',
  'input.review.object.spec.containers[0].image',
  'input.review.object.spec.containers[1].resources.limits',
  'input.review.object.spec.replicas',
  'input.review.object.spec.odd',
  'input.review.object.spec.hostNetwork',
  'input.review.kind.kind',
  'input.review.operation',
  'input.parameters.repos',
  'input.parameters.limit',
  'input.parameters.labels',
  'input.parameters.missing',
  'input.parameters.exempt',
];

/** Draws expressions of a module: well typed mostly, ill typed at times. */
export class ExpressionDrawer {
  readonly next: Next;
  readonly names: Named[] = [];
  #fresh = 0;

  constructor(next: Next) {
    this.next = next;
  }

  pick<T>(...all: readonly T[]): T {
    return pick(this.next, all);
  }

  chance(part: number): boolean {
    return this.next() < part;
  }

  fresh(prefix = 'v'): string {
    return `${prefix}${this.#fresh++}`;
  }

  /** What `draw` names is forgotten afterwards. */
  inside<T>(draw: () => T): T {
    const known = this.names.length;
    const drawn = draw();
    this.names.length = known;
    return drawn;
  }

  expression(kind: Kind, depth = 2): string {
    if (this.chance(0.012)) return this.expression(this.pick(...kinds), depth - 1);
    if (this.chance(0.004)) return 'nobody';
    const named = this.names.filter((one) => one.kind === kind || one.kind === 'any');
    if (named.length > 0 && this.chance(0.4)) return this.#named(this.pick(...named), depth);
    return depth <= 0 ? this.#leaf(kind) : this.#made(kind, depth);
  }

  #made(kind: Kind, depth: number): string {
    switch (kind) {
      case 'number':
        return this.#number(depth - 1);
      case 'string':
        return this.#string(depth - 1);
      case 'boolean':
        return this.#boolean(depth - 1);
      case 'array':
        return this.#array(depth - 1);
      case 'set':
        return this.#set(depth - 1);
      case 'object':
        return this.#object(depth - 1);
      case 'any':
        break;
    }
    return this.chance(0.6) ? this.pick(...references) : this.expression(this.pick(...kinds), depth - 1);
  }

  #named({ text, takes }: Named, depth: number): string {
    if (takes === undefined) return text;
    if (depth <= 0) return '1';
    const args = this.chance(0.01) ? takes.slice(1) : takes;
    return `${text}(${args.map((kind) => this.expression(kind, depth - 1)).join(', ')})`;
  }

  #leaf(kind: Kind): string {
    switch (kind) {
      case 'number':
        return this.pick(...numbers);
      case 'string':
        return this.pick(...strings);
      case 'boolean':
        return this.pick('true', 'false', 'input.review.object.spec.hostNetwork');
      case 'array':
        return this.pick('[]', '[1, 2, 3]', '["a", "b"]', '["a", 1, null]', 'input.parameters.repos');
      case 'set':
        return this.pick('set()', '{1, 2}', '{"a", "b"}', '{"a", 1, [2]}');
      case 'object':
        return this.pick('{}', '{"a": 1}', '{"name": "x", "app": {"a": 2}}', 'input.parameters.labels');
      case 'any':
        break;
    }
    return this.chance(0.8) ? this.pick(...references) : this.pick('null', '1', '"a"');
  }

  #number(depth: number): string {
    const n = (): string => this.expression('number', depth);
    const text = (): string => this.expression('string', depth);
    return this.pick(
      () => this.pick(...numbers),
      () => `${n()} ${this.pick('+', '-', '*', '/', '%')} ${n()}`,
      () => `(${n()} ${this.pick('+', '-', '*')} ${n()})`,
      () => `count(${this.expression(this.pick('array', 'set', 'object', 'string', 'any'), depth)})`,
      () => `${this.pick('abs', 'round', 'floor', 'ceil')}(${n()})`,
      () => `to_number(${text()})`,
      () => `${this.pick('sum', 'max', 'min', 'product')}([${n()}, ${n()}])`,
      () => `indexof(${text()}, ${text()})`,
      () => `object.get(${this.expression('object', depth)}, ${this.pick(...keys)}, ${n()})`,
      () => `units.parse_bytes(${text()})`,
      () => `[${n()}, ${n()}][${this.pick('0', '1', '2', '_')}]`,
    )();
  }

  #string(depth: number): string {
    const text = (): string => this.expression('string', depth);
    return this.pick(
      () => this.pick(...strings),
      () =>
        `sprintf(${this.pick(...formats)}, [${this.expression('any', depth)}${this.chance(0.5) ? `, ${text()}` : ''}])`,
      () => `concat(${this.pick('","', '""')}, ${this.#texts(depth)})`,
      () => `${this.pick('lower', 'upper', 'trim_space', 'strings.reverse')}(${text()})`,
      () => `${this.pick('trim', 'trim_prefix', 'trim_suffix', 'trim_left')}(${text()}, ${text()})`,
      () => `replace(${text()}, ${text()}, ${text()})`,
      () => `substring(${text()}, ${this.pick('0', '1', '-1', '3')}, ${this.pick('-1', '1', '2', '100')})`,
      () => `format_int(${this.expression('number', depth)}, ${this.pick('2', '10', '16')})`,
      () => `type_name(${this.expression('any', depth)})`,
      () => `json.marshal(${this.expression('any', depth)})`,
      () => `split(${text()}, ",")[${this.pick('0', '_', '1')}]`,
    )();
  }

  /** Several texts, as far as anybody knows. */
  #texts(depth: number): string {
    return this.pick(
      () => `split(${this.expression('string', depth)}, ",")`,
      () => this.pick(...references),
      () => '{"a", "b", ""}',
      () => `[${this.expression('string', depth)}, "x"]`,
      () => this.expression(this.chance(0.1) ? 'array' : 'any', 0),
    )();
  }

  #boolean(depth: number): string {
    const text = (): string => this.expression('string', depth);
    return this.pick(
      () => this.pick('true', 'false'),
      () => `${this.pick('startswith', 'endswith', 'contains')}(${text()}, ${text()})`,
      () =>
        `${this.pick('regex.match', 'regex.match', 'regex.match', 're_match')}(${this.pick(...patterns)}, ${text()})`,
      () =>
        `${this.pick('is_string', 'is_number', 'is_array', 'is_null', 'is_object', 'is_set', 'is_boolean')}(${this.expression('any', depth)})`,
      () => this.comparison(depth),
      () => `glob.match(${this.pick('"a*"', '"*.com"', '"?"')}, [], ${text()})`,
      () => `strings.any_prefix_match(${this.#texts(depth)}, ${text()})`,
      () => `semver.is_valid(${text()})`,
    )();
  }

  comparison(depth: number): string {
    const kind = this.pick(...kinds);
    const other = this.chance(0.12) ? this.pick(...kinds) : kind;
    const sign = this.pick('==', '!=', '<', '>=', '>', '<=', '==');
    return `${this.expression(kind, depth)} ${sign} ${this.expression(other, depth)}`;
  }

  /** A comprehension over a collection; `wrap` makes its text. */
  #comprehension(depth: number, open: string, close: string, isObject: boolean): string {
    return this.inside(() => {
      const [key, value] = [this.fresh('k'), this.fresh('e')];
      const from = this.expression(this.pick('array', 'set', 'object', 'any'), depth);
      const body = from.startsWith('input')
        ? [`${value} := ${from}[${key}]`]
        : [`c${key} := ${from}`, `${value} := c${key}[${key}]`];
      this.names.push({ text: value, kind: 'any' }, { text: key, kind: 'any' });
      if (this.chance(0.4)) body.push(this.expression('boolean', depth - 1));
      const head = isObject ? `${key}: ${value}` : this.pick(value, key, this.#term(depth - 1));
      return `${open}${head} | ${body.join('; ')}${close}`;
    });
  }

  /** The head of a comprehension is a term: no operator stands in it. */
  #term(depth: number): string {
    const drawn = this.expression('string', depth);
    return /[+*/%|&<>=!]| - /.test(drawn) ? `[${drawn}]` : drawn;
  }

  #array(depth: number): string {
    const item = this.pick<Kind>('number', 'string', 'any');
    return this.pick(
      () => `[${this.expression(item, depth)}, ${this.expression(item, depth)}]`,
      () => this.#comprehension(depth, '[', ']', false),
      () => `split(${this.expression('string', depth)}, ${this.pick('","', '"/"', '""')})`,
      () => `array.concat(${this.expression('array', depth)}, ${this.expression('array', depth)})`,
      () => `sort(${this.expression(this.pick('array', 'set'), depth)})`,
      () => `numbers.range(${this.pick('0', '1', '3')}, ${this.pick('0', '2', '4', '1.5')})`,
      () => `array.slice(${this.expression('array', depth)}, ${this.pick('0', '1', '-1')}, 2)`,
    )();
  }

  #set(depth: number): string {
    const item = this.pick<Kind>('number', 'string', 'any');
    return this.pick(
      () => `{${this.expression(item, depth)}, ${this.expression(item, depth)}}`,
      () => this.#comprehension(depth, '{', '}', false),
      () => `(${this.expression('set', depth)} ${this.pick('|', '&', '-')} ${this.expression('set', depth)})`,
      () => `object.keys(${this.expression('object', depth)})`,
    )();
  }

  #object(depth: number): string {
    const value = this.pick<Kind>('number', 'string', 'any', 'object');
    return this.pick(
      () => `{${this.pick(...keys)}: ${this.expression(value, depth)}}`,
      () => this.#comprehension(depth, '{', '}', true),
      () => `object.union(${this.expression('object', depth)}, ${this.expression('object', depth)})`,
      () => `object.remove(${this.expression('object', depth)}, [${this.pick(...keys)}])`,
      () => `object.filter(${this.expression('object', depth)}, {${this.pick(...keys)}})`,
      () => `json.unmarshal(${this.pick('`{"a": 1.50}`', '`{"name": [1, 1e2]}`', '"{"')})`,
    )();
  }
}
