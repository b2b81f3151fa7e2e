import { dottedName } from '../../rego/compile/variables.ts';
import {
  textOfTerm,
  type CallTerm,
  type Literal,
  type RefTerm,
  type RegoRule,
  type Term,
} from '../../rego/syntax/term.ts';
import { AliasedNames, isNamed, type Wholes } from './aliased-names.ts';
import { WrittenFunctions, type TemplateModule } from './written-functions.ts';

const field = 'namespaceObject';
/** Longer chains of names that stand for one another are not followed: then the answer is yes. */
const maxRounds = 16;

function* chainOf(rule: RegoRule): Iterable<RegoRule> {
  for (let one: RegoRule | undefined = rule; one !== undefined; one = one.otherwise) yield one;
}

const isCallOf = (call: CallTerm, name: string, count: number): boolean =>
  dottedName(call.operator) === name && call.args.length === count;

/**
 * Goes through a template as often as it takes to know all names that stand for the review. A name is one name throughout
 * its module: it may stand for more than it does, never for less.
 */
class NamespaceSearch {
  readonly #modules: readonly TemplateModule[];
  readonly #functions: WrittenFunctions;
  readonly #names: ReadonlyMap<TemplateModule, AliasedNames>;
  #open: (Term | Literal)[] = [];
  #isFound = false;
  #hasNews = false;

  constructor(modules: readonly TemplateModule[]) {
    this.#modules = modules;
    this.#functions = new WrittenFunctions(modules);
    this.#names = new Map(modules.map((module) => [module, new AliasedNames()]));
  }

  run(): boolean {
    for (let round = 0; round < maxRounds; round++) {
      this.#hasNews = false;
      for (const names of this.#names.values()) names.forgetBindings();
      for (const module of this.#modules) this.#through(module);
      if (this.#isFound) return true;
      if (!this.#hasNews) return Array.from(this.#names.values()).some(({ areCompared }) => areCompared);
    }
    return true;
  }

  #through(module: TemplateModule): void {
    for (const rule of module.rules) for (const one of chainOf(rule)) this.#rule(one);
    for (let next = this.#open.pop(); next !== undefined && !this.#isFound; next = this.#open.pop())
      this.#visit(next, module);
    this.#open = [];
  }

  #rule({ head, body }: RegoRule): void {
    // Arguments are given their values by calls.
    this.#openAll((head.args ?? []).filter((arg) => arg.kind !== 'var'));
    this.#open.push(...head.path, ...(head.member === undefined ? [] : [head.member]), head.value);
    this.#openAll(body);
  }

  /** Not `push(...nodes)`: a body may have more literals than a call may have arguments. */
  #openAll(nodes: readonly (Term | Literal)[]): void {
    for (const node of nodes) this.#open.push(node);
  }

  #namesOf(module: TemplateModule): AliasedNames {
    const names = this.#names.get(module);
    if (names === undefined) throw new Error('a module of another template');
    return names;
  }

  /** Places that give another value than the review to a name; patterns are gone through. */
  #bind(places: readonly Term[], module: TemplateModule): void {
    for (const place of places) {
      if (place.kind === 'var') this.#namesOf(module).bind(place);
      else this.#open.push(place);
    }
  }

  #visit(node: Term | Literal, module: TemplateModule): void {
    if ('modifiers' in node) this.#literal(node, module);
    else if (node.kind === 'var' || node.kind === 'ref') this.#value(node, module);
    else if (node.kind !== 'call') this.#made(node);
    else if (isCallOf(node, 'eq', 2) || isCallOf(node, 'assign', 2)) this.#unification(node, module);
    else this.#call(node, module);
  }

  /** A term that is made of others. */
  #made(term: Exclude<Term, { readonly kind: 'call' | 'var' | 'ref' }>): void {
    if (term.kind === 'scalar') {
      if (term.value === field) this.#isFound = true;
    } else if (term.kind === 'object') for (const pair of term.pairs) this.#openAll(pair);
    else if (term.kind === 'comprehension') {
      this.#openAll(term.head);
      this.#openAll(term.body);
    } else this.#openAll(term.items);
  }

  #literal(literal: Literal, module: TemplateModule): void {
    for (const { target, value } of literal.modifiers) {
      const root = target.kind === 'ref' ? target.head : target;
      // A function that stands in for another one gets what the other one was called with.
      if (root.kind !== 'var' || root.name !== 'input') this.#isFound = true;
      this.#open.push(value);
    }
    if (literal.kind === 'expression') this.#expression(literal.term, module);
    else if (literal.kind === 'not') this.#openAll(literal.body);
    else if (literal.kind !== 'some') {
      const { key, value, domain } = literal;
      this.#bind(key === undefined ? [value] : [key, value], module);
      this.#open.push(domain);
      if (literal.kind === 'every') this.#openAll(literal.body);
    }
  }

  #expression(term: Term, module: TemplateModule): void {
    // Whether there is a review does not depend on the namespace.
    if (term.kind === 'var' || term.kind === 'ref') this.#asked(term, module);
    else this.#open.push(term);
  }

  /** What a field of a whole is; a key that is worked out may be that of the namespace. */
  #field(wholes: Wholes, key: Term): Wholes {
    if (wholes.length > 0 && (key.kind !== 'scalar' || key.value === field)) this.#isFound = true;
    return wholes.includes('input') && textOfTerm(key) === 'review' ? ['review'] : [];
  }

  /** Which wholes a term may be. */
  #wholesOf(term: Term, module: TemplateModule): Wholes {
    if (term.kind === 'var') return this.#namesOf(module).of(term.name);
    if (term.kind === 'ref') return this.#below(this.#wholesOf(term.head, module), term.path);
    const [object, key] = term.kind === 'call' && isCallOf(term, 'object.get', 3) ? term.args : [];
    if (object === undefined || key === undefined) return [];
    return this.#below(this.#wholesOf(object, module), key.kind === 'array' ? key.items : [key]);
  }

  #below(wholes: Wholes, path: readonly Term[]): Wholes {
    return path.reduce((found: Wholes, key) => this.#field(found, key), wholes);
  }

  /** Goes through the parts of a term that is known to be handed on whole. */
  #parts(term: Term): void {
    if (term.kind === 'ref') {
      if (term.head.kind !== 'var') this.#parts(term.head);
      this.#openAll(term.path);
    } else if (term.kind === 'call') {
      const [object, ...others] = term.args;
      if (object !== undefined) this.#parts(object);
      this.#openAll(others);
    } else if (term.kind !== 'var') this.#open.push(term);
  }

  /** A term of which the whole is in good hands. */
  #opened(term: Term, module: TemplateModule): void {
    if (this.#wholesOf(term, module).length > 0) this.#parts(term);
    else this.#open.push(term);
  }

  /** A place in which nothing is known of what becomes of a value. */
  #value(term: Term & { readonly kind: 'var' | 'ref' | 'call' }, module: TemplateModule): void {
    if (this.#wholesOf(term, module).length > 0) this.#isFound = true;
    if (term.kind === 'ref' && term.head.kind !== 'var') this.#headed(term, module);
    else if (term.kind === 'ref') this.#openAll(term.path);
    else if (term.kind === 'call') this.#openAll(term.args);
  }

  /** `object.get(input, "review", {}).uid`: the head is a whole, of which one field is asked for. */
  #headed({ head, path }: RefTerm, module: TemplateModule): void {
    this.#openAll(path);
    this.#opened(head, module);
  }

  /** A term of which nothing but its being there counts. */
  #asked(term: Term & { readonly kind: 'var' | 'ref' }, module: TemplateModule): void {
    if (this.#wholesOf(term, module).length > 0) this.#parts(term);
    else this.#value(term, module);
  }

  /** `name := whole`, and `=` with the whole on either side. */
  #unification({ operator, args }: CallTerm, module: TemplateModule): void {
    const [one, other] = args as readonly [Term, Term];
    const names = this.#namesOf(module);
    const sides = [one, other].map((term) => ({ term, wholes: this.#wholesOf(term, module) }));
    const wholes = sides.flatMap((side) => side.wholes);
    if (wholes.length === 0) {
      this.#bind([one, other], module);
      return;
    }
    for (const { term, wholes: own } of sides) {
      if (term.kind === 'var') {
        if (isNamed(term) && names.add(term.name, wholes)) this.#hasNews = true;
        if (dottedName(operator) === 'eq') names.unify(term);
      } else if (own.length > 0) this.#parts(term);
      else this.#isFound = true;
    }
    if (sides.every(({ term }) => term.kind !== 'var')) this.#isFound = true;
  }

  #call(call: CallTerm, module: TemplateModule): void {
    const functions = this.#functions.calledBy(call, module);
    if (functions.length === 0) {
      this.#builtin(call, module);
      return;
    }
    for (const [at, arg] of call.args.entries()) {
      const wholes = this.#wholesOf(arg, module);
      for (const { module: of, args } of functions) this.#hand(wholes, of, args[at]);
      if (wholes.length === 0) this.#open.push(arg);
      else this.#parts(arg);
    }
  }

  #builtin(call: CallTerm, module: TemplateModule): void {
    const isPrint = dottedName(call.operator) === 'print';
    if (isPrint) for (const arg of call.args) this.#opened(arg, module);
    else if (isCallOf(call, 'object.get', 3) && this.#wholesOf(call, module).length === 0)
      this.#got(call, module);
    else this.#value(call, module);
  }

  /** `object.get(input.review, "uid", "")` asks for one field. */
  #got({ args }: CallTerm, module: TemplateModule): void {
    const [object, ...others] = args as readonly [Term, ...Term[]];
    this.#openAll(others);
    this.#opened(object, module);
  }

  #hand(wholes: Wholes, module: TemplateModule, parameter: Term | undefined): void {
    const names = this.#namesOf(module);
    if (wholes.length === 0) {
      if (parameter !== undefined) names.bind(parameter);
    }
    // A pattern takes the value to pieces; without a parameter the argument is held against the answer.
    else if (parameter?.kind !== 'var') this.#isFound = true;
    else if (isNamed(parameter) && names.add(parameter.name, wholes)) this.#hasNews = true;
  }
}

/**
 * Whether a template may read the namespace of the object, by whatever name: `input.review.namespaceObject`, or all of
 * the review where nothing says which field of it counts (`walk(input.review)`, `input.review[key]`). When in doubt it
 * does: a template that is asked without the namespace finds nothing there, and allows what it should not.
 * @param modules must stand under the packages that they are compiled under
 */
export const readsNamespaceObject = (modules: readonly TemplateModule[]): boolean =>
  new NamespaceSearch(modules).run();
