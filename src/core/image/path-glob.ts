/**
 * Globs over the components of a repository path: `*` is any run of characters inside one component (an empty one
 * too), `**` is one or more whole components. Matching never backtracks: between two wildcards the leftmost place is
 * always as good as any later one.
 */
export type PathGlob =
  | { readonly kind: 'exact'; readonly path: string }
  /** `team/**` as `team/`; `**` alone as the empty prefix. */
  | { readonly kind: 'below'; readonly prefix: string }
  | { readonly kind: 'groups'; readonly groups: readonly Group[]; readonly gaps: readonly number[] };

/** Components between two `**`; `gaps[i]` is how many components lie at least between groups i and i + 1. */
type Group = readonly ComponentGlob[];

type ComponentGlob =
  | { readonly kind: 'exact'; readonly text: string }
  | {
      readonly kind: 'wild';
      readonly prefix: string;
      readonly middles: readonly string[];
      readonly suffix: string;
    };

const compileComponent = (text: string): ComponentGlob => {
  if (!text.includes('*')) return { kind: 'exact', text };
  const segments = text.split('*');
  return {
    kind: 'wild',
    prefix: segments[0] ?? '',
    middles: segments.slice(1, -1).filter((segment) => segment !== ''),
    suffix: segments.at(-1) ?? '',
  };
};

const compileGroups = (components: readonly string[]): PathGlob => {
  let group: ComponentGlob[] = [];
  const groups = [group];
  const gaps: number[] = [];
  let inGap = false;
  for (const component of components) {
    if (component !== '**') {
      group.push(compileComponent(component));
    } else if (inGap) {
      gaps.push((gaps.pop() ?? 0) + 1);
    } else {
      gaps.push(1);
      group = [];
      groups.push(group);
    }
    inGap = component === '**';
  }
  return { kind: 'groups', groups, gaps };
};

/** @param path components joined by slashes, checked by the caller: none empty, `**` only as a whole component */
export const compilePath = (path: string): PathGlob => {
  if (!path.includes('*')) return { kind: 'exact', path };
  const prefix = path.slice(0, -2);
  if (path.endsWith('**') && !prefix.includes('*')) return { kind: 'below', prefix };
  return compileGroups(path.split('/'));
};

const matchesComponent = (glob: ComponentGlob, text: string): boolean => {
  if (glob.kind === 'exact') return glob.text === text;
  const end = text.length - glob.suffix.length;
  let at = glob.prefix.length;
  if (at > end || !text.startsWith(glob.prefix) || !text.endsWith(glob.suffix)) return false;
  for (const middle of glob.middles) {
    const found = text.indexOf(middle, at);
    if (found < 0) return false;
    at = found + middle.length;
  }
  return at <= end;
};

const matchesAt = (group: Group, components: readonly string[], at: number): boolean =>
  group.every((glob, index) => matchesComponent(glob, components[at + index] ?? ''));

const matchesGroups = (groups: readonly Group[], gaps: readonly number[], path: string): boolean => {
  const components = path.split('/');
  const last = groups.length - 1;
  let at = 0;
  for (const [index, group] of groups.entries()) {
    const isLast = index === last;
    const latest = components.length - group.length;
    if (index > 0) at += gaps[index - 1] ?? 0;
    if (at > latest) return false;
    if (isLast && index > 0) at = latest;
    while (!matchesAt(group, components, at)) {
      at += 1;
      if (index === 0 || at > latest) return false;
    }
    at += group.length;
  }
  return at === components.length;
};

export const matchesPath = (glob: PathGlob, path: string): boolean => {
  if (glob.kind === 'exact') return glob.path === path;
  if (glob.kind === 'below') return path.length > glob.prefix.length && path.startsWith(glob.prefix);
  return matchesGroups(glob.groups, glob.gaps, path);
};
