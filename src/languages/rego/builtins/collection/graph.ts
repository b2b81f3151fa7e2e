import type { Evaluation } from '../../evaluate/evaluation.ts';
import { eachEntry } from '../../evaluate/document.ts';
import { RegoSet, type RegoObject, type RegoValue } from '../../values/value.ts';
import { objectAt, wrongOperand, type BuiltinTable } from '../builtin.ts';

/** Every value inside a value with the path to it, itself first. */
const walk = ([root = null]: readonly RegoValue[], ctx: Evaluation): RegoValue => {
  const found: RegoValue[] = [];
  const visit = (path: readonly RegoValue[], value: RegoValue): void => {
    ctx.shared.budget.spend(1 + Math.floor(path.length / 8));
    found.push([path, value]);
    eachEntry(value, (key, item) => {
      visit([...path, key], item);
      return false;
    });
  };
  visit([], root);
  return found;
};

const neighboursOf = (value: RegoValue | undefined): readonly RegoValue[] => {
  if (value instanceof RegoSet) return value.sorted();
  return Array.isArray(value) ? (value as readonly RegoValue[]) : [];
};

const startsAt = (args: readonly RegoValue[]): readonly RegoValue[] => {
  const [, initial = null] = args;
  if (initial instanceof RegoSet || Array.isArray(initial)) return neighboursOf(initial);
  return wrongOperand(2, '{array, set}', initial);
};

const reachable = (args: readonly RegoValue[], ctx: Evaluation): RegoValue => {
  const graph = objectAt(args, 1);
  const open = [...startsAt(args)];
  const reached = new RegoSet();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    ctx.shared.budget.spend();
    const edges = graph.get(node);
    if (edges === undefined || reached.has(node)) continue;
    reached.add(node);
    open.push(...neighboursOf(edges));
  }
  return reached;
};

interface Roads {
  readonly graph: RegoObject;
  readonly found: RegoSet;
  readonly ctx: Evaluation;
}

/** Follows each edge as far as it goes without coming back to where it was. */
const follow = (roads: Roads, path: readonly RegoValue[], seen: RegoSet): void => {
  const { graph, found, ctx } = roads;
  ctx.shared.budget.spend(path.length);
  const all = neighboursOf(graph.get(path.at(-1) ?? null));
  const edges = all.filter((next) => graph.has(next));
  const fresh = edges.filter((next) => !seen.has(next));
  const isEnd = fresh.length < all.length || all.length === 0;
  if (isEnd && (fresh.length === 0 || edges.length < all.length)) found.add(path);
  for (const next of fresh) follow(roads, [...path, next], RegoSet.of([...seen.values(), next]));
};

const reachablePaths = (args: readonly RegoValue[], ctx: Evaluation): RegoValue => {
  const roads = { graph: objectAt(args, 1), found: new RegoSet(), ctx };
  for (const node of startsAt(args)) if (roads.graph.has(node)) follow(roads, [node], RegoSet.of([node]));
  return roads.found;
};

/** Policy Reference, "Graph". */
export const graphs: BuiltinTable = {
  walk,
  'graph.reachable': reachable,
  'graph.reachable_paths': reachablePaths,
};
