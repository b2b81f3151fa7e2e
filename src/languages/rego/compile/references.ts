import { fail, ok, type Result } from '../../../core/result.ts';
import type { RuleNode, RuleTree } from '../evaluate/rule-node.ts';
import type { RuleBody, CallTerm, Literal, RefTerm, RegoRule, Term } from '../syntax/term.ts';

/** What a walk over a rule meets: references, with those that are called, and calls. */
export interface Met {
  readonly reference?: (term: RefTerm) => void;
  readonly call?: (term: CallTerm) => void;
  /** Bodies of `every` are passed by. */
  readonly skipsEvery?: boolean;
}

const meetTerms = (terms: readonly Term[], met: Met): void => {
  for (const term of terms) meetTerm(term, met);
};

const meetCall = (call: CallTerm, met: Met): void => {
  met.call?.(call);
  if (call.operator.kind === 'ref') met.reference?.(call.operator);
  meetTerms(call.args, met);
};

const meetReference = (term: RefTerm, met: Met): void => {
  met.reference?.(term);
  meetTerm(term.head, met);
  meetTerms(term.path, met);
};

const meetTerm = (term: Term, met: Met): void => {
  switch (term.kind) {
    case 'scalar':
    case 'var':
      return;
    case 'ref':
      meetReference(term, met);
      return;
    case 'call':
      meetCall(term, met);
      return;
    case 'object':
      for (const pair of term.pairs) meetTerms(pair, met);
      return;
    case 'comprehension':
      meetTerms(term.head, met);
      meetBody(term.body, met);
      return;
    case 'array':
    case 'set':
      meetTerms(term.items, met);
  }
};

const termsOfLiteral = (literal: Literal): readonly Term[] => {
  const values = literal.modifiers.map(({ value }) => value);
  if (literal.kind === 'expression') return [...values, literal.term];
  if (literal.kind === 'every') return [...values, literal.domain];
  if (literal.kind === 'some' || literal.kind === 'not') return values;
  return [...values, literal.domain, literal.value, ...(literal.key === undefined ? [] : [literal.key])];
};

export const meetBody = (body: RuleBody, met: Met): void => {
  for (const literal of body) {
    meetTerms(termsOfLiteral(literal), met);
    const isEntered = literal.kind === 'not' || (literal.kind === 'every' && met.skipsEvery !== true);
    if (isEntered) meetBody(literal.body, met);
  }
};

/** All references and calls of a rule and of the `else` behind it. */
export const meetRule = (rule: RegoRule, met: Met): void => {
  const { path, args = [], member, value } = rule.head;
  meetTerms(path, met);
  meetTerms(args, met);
  if (member !== undefined) meetTerm(member, met);
  meetTerm(value, met);
  meetBody(rule.body, met);
  if (rule.otherwise !== undefined) meetRule(rule.otherwise, met);
};

const below = (node: RuleNode): readonly RuleNode[] => [
  ...(node.kind === undefined ? [] : [node]),
  ...Array.from(node.children.values()).flatMap(below),
];

/** The rules that a reference into `data` may ask. */
export const rulesAsked = (tree: RuleTree, { head, path }: RefTerm): readonly RuleNode[] => {
  if (head.kind !== 'var' || head.name !== 'data' || head.slot >= 0) return [];
  const found = new Set<RuleNode>();
  let open: readonly RuleNode[] = [tree.root];
  for (const step of path) {
    for (const node of open) if (node.kind !== undefined) found.add(node);
    open = open.flatMap((node) => {
      if (step.kind !== 'scalar') return [...node.children.values()];
      const child = typeof step.value === 'string' ? node.children.get(step.value) : undefined;
      return child === undefined ? [] : [child];
    });
  }
  for (const node of open.flatMap(below)) found.add(node);
  return [...found];
};

/** The rules in an order in which each comes behind those that it asks; else the first circle among them. */
export const inOrderOfAsking = (
  nodes: readonly RuleNode[],
  asked: (node: RuleNode) => readonly RuleNode[],
): Result<readonly RuleNode[], readonly RuleNode[]> => {
  const done = new Set<RuleNode>();
  const path: RuleNode[] = [];
  const visit = (node: RuleNode): readonly RuleNode[] | undefined => {
    const at = path.indexOf(node);
    if (at >= 0) return [...path.slice(at), node];
    if (done.has(node)) return undefined;
    path.push(node);
    for (const next of asked(node)) {
      const circle = visit(next);
      if (circle !== undefined) return circle;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of nodes) {
    const circle = visit(node);
    if (circle !== undefined) return fail(circle);
  }
  return ok([...done]);
};
