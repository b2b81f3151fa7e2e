import { ok, type Result } from '../result.ts';
import { invalidBytes, tooMuch, type Unreadable } from '../text/unreadable.ts';

/**
 * The parts of a name of an archive, put together as text before anything is looked up. Nothing leads out of the image:
 * an absolute name begins at its root, and `..` stays there.
 * @example
 * pathParts('./etc//x/../passwd') // ['etc', 'passwd']
 * pathParts('../../etc') // ['etc']
 */
export const pathParts = (name: string): string[] => {
  const parts: string[] = [];
  for (const part of name.split('/'))
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  return parts;
};

/** How many links lead to one place at the most: containerd has the same bound. */
const maxLinks = 255;

/** Steps that all resolutions of one layer or image may take: links that lead through links multiply. */
export const maxResolutionSteps = 50_000_000;

/** A tree that paths lead through. */
export interface Tree<N> {
  readonly root: N;
  readonly childOf: (node: N, name: string) => N | undefined;
  /** What a symbolic link points at; `undefined`: it is none. */
  readonly linkOf: (node: N) => string | undefined;
  readonly steps: { left: number };
}

interface Resolved<N> {
  /** Without links, as far as there is something. */
  readonly parts: readonly string[];
  readonly node: N | undefined;
}

interface Step<N> {
  readonly name: string;
  readonly node: N | undefined;
}
const stepInto = <N>({ childOf }: Tree<N>, above: N | undefined, name: string): Step<N> => ({
  name,
  node: above === undefined ? undefined : childOf(above, name),
});

/** Names that lead to no child. */
const noChild = new Set(['', '.', '..']);

/**
 * Where a path leads in a tree, as a process that is shut into the tree would find it: an absolute link begins at the
 * root, `..` stays there. `last`: whether a link at the end is followed too.
 */
export const resolvePath = <N>(
  tree: Tree<N>,
  path: readonly string[],
  last: 'follow' | 'keep',
): Result<Resolved<N>, Unreadable> => {
  const way: Step<N>[] = [];
  const waiting = path.toReversed();
  const here = (): N | undefined => (way.length === 0 ? tree.root : way.at(-1)?.node);
  const linkAt = ({ node }: Step<N>): string | undefined =>
    node === undefined || (waiting.length === 0 && last === 'keep') ? undefined : tree.linkOf(node);
  let links = 0;
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    tree.steps.left -= 1;
    if (tree.steps.left < 0) return tooMuch('its links take more steps than may be');
    if (name === '..') way.pop();
    if (noChild.has(name)) continue;
    const step = stepInto(tree, here(), name);
    const target = linkAt(step);
    if (target === undefined) {
      way.push(step);
      continue;
    }
    links += 1;
    if (links > maxLinks) return invalidBytes('links in it lead in a circle');
    if (target.startsWith('/')) way.length = 0;
    for (const part of target.split('/').reverse()) waiting.push(part);
  }
  return ok({ parts: way.map(({ name }) => name), node: here() });
};
