import type { Maybe, RegoObject, RegoValue } from '../values/value.ts';
import type { Evaluation } from './evaluation.ts';

/** What the rules at one place under `data` make. `object`: their keys are known only when they run. */
export type RuleKind = 'value' | 'set' | 'function' | 'object';

/** A place under `data` where rules stand, or places with rules. */
export class RuleNode {
  readonly path: readonly string[];
  readonly children = new Map<string, RuleNode>();
  /** Its place in the memory of an evaluation. */
  readonly id: number;
  kind: RuleKind | undefined;
  arity = 0;
  value: (ctx: Evaluation) => Maybe = () => undefined;
  call: (ctx: Evaluation, args: readonly RegoValue[]) => Maybe = () => undefined;
  /** What rules make whose keys are known only when they run. */
  entries: (ctx: Evaluation) => RegoObject | undefined = () => undefined;

  constructor(path: readonly string[], id: number) {
    this.path = path;
    this.id = id;
  }

  /** As messages and `with` name it. */
  get name(): string {
    return `data.${this.path.join('.')}`;
  }
}

export class RuleTree {
  readonly root: RuleNode;
  #count = 0;

  constructor() {
    this.root = new RuleNode([], this.#count++);
  }

  /** The node at a path, made when it is not there. */
  place(path: readonly string[]): RuleNode {
    let node = this.root;
    for (const step of path) {
      const there: RuleNode = node.children.get(step) ?? new RuleNode([...node.path, step], this.#count++);
      node.children.set(step, there);
      node = there;
    }
    return node;
  }

  find(path: readonly string[]): RuleNode | undefined {
    let node: RuleNode | undefined = this.root;
    for (const step of path) node = node?.children.get(step);
    return node;
  }
}
