/**
 * A value in a text with its place. Parts of it are read only on demand: a finding needs one place of one object.
 * Offsets count UTF-16 units of the whole text; the range of a text holds its quotes.
 */
export type SourceNode =
  | (SourceRange & { readonly kind: 'text'; readonly value: string })
  | (SourceRange & { readonly kind: 'list'; readonly item: (index: number) => SourceNode | undefined })
  | (SourceRange & {
      readonly kind: 'map';
      /** Whether it is written in braces. */
      readonly flow: boolean;
      readonly entry: (key: string) => SourceEntry | undefined;
    })
  /** A number, a boolean, nothing. */
  | (SourceRange & { readonly kind: 'other' });

export interface SourceRange {
  readonly start: number;
  readonly end: number;
}

/** One key of a map and its value. */
export interface SourceEntry {
  readonly key: SourceRange;
  readonly value: SourceNode;
}

export type SourceText = Extract<SourceNode, { readonly kind: 'text' }>;

/** Keys of maps and indices of lists. */
export type SourceSteps = readonly (string | number)[];

const stepInto = (node: SourceNode, step: string | number): SourceNode | undefined => {
  if (node.kind === 'list') return node.item(Number(step));
  return node.kind === 'map' ? node.entry(String(step))?.value : undefined;
};

/** The value that the steps lead to. */
export const nodeAt = (root: SourceNode, steps: SourceSteps): SourceNode | undefined => {
  let node: SourceNode | undefined = root;
  for (const step of steps) node = node === undefined ? undefined : stepInto(node, step);
  return node;
};
