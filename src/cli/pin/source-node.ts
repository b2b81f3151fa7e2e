import { stepsOf } from '../../core/workload/object-path.ts';

/**
 * What a manifest says and where it says so. Only texts have a place: they are all that `--pin` writes.
 * Offsets count UTF-16 units of the whole text; a text's range holds its quotes.
 */
export type SourceNode =
  | { readonly kind: 'text'; readonly value: string; readonly start: number; readonly end: number }
  | { readonly kind: 'list'; readonly items: readonly SourceNode[] }
  | { readonly kind: 'map'; readonly get: (key: string) => SourceNode | undefined }
  | { readonly kind: 'other' };

export type SourceText = Extract<SourceNode, { readonly kind: 'text' }>;

export const other: SourceNode = { kind: 'other' };

const textOf = (node: SourceNode | undefined): string => (node?.kind === 'text' ? node.value : '');

/** The name of the type of an object, or both parts from the list around it (`core/workload/manifest.ts`). */
interface TypeName {
  readonly apiVersion: string;
  readonly kind: string;
}

/** The object of a manifest, and which one it is. */
export interface SourceObject extends TypeName {
  readonly node: SourceNode;
}

const nameOf = (node: Extract<SourceNode, { kind: 'map' }>, inherited: TypeName): TypeName => {
  const own = { apiVersion: textOf(node.get('apiVersion')), kind: textOf(node.get('kind')) };
  return own.apiVersion === '' || own.kind === '' ? inherited : own;
};

const itemType = ({ apiVersion, kind }: TypeName): TypeName => {
  const item = kind.endsWith('List') ? kind.slice(0, -'List'.length) : kind;
  return item === '' ? { apiVersion: '', kind: '' } : { apiVersion, kind: item };
};

/** The objects of one document in the order in which a manifest is read: lists and their items flattened. */
export function* objectsIn(
  node: SourceNode,
  inherited: TypeName = { apiVersion: '', kind: '' },
): Generator<SourceObject> {
  if (node.kind !== 'map') return;
  const name = nameOf(node, inherited);
  if (name.apiVersion === '' || name.kind === '') return;
  const items = node.get('items');
  if (!name.kind.endsWith('List') || items?.kind !== 'list') yield { ...name, node };
  if (items?.kind !== 'list') return;
  for (const item of items.items) yield* objectsIn(item, itemType(name));
}

/** The text at a path such as `spec.containers[0].image`. */
export const textAt = (root: SourceNode, path: string): SourceText | undefined => {
  let node: SourceNode | undefined = root;
  for (const step of stepsOf(path)) {
    if (typeof step === 'number') node = node?.kind === 'list' ? node.items[step] : undefined;
    else node = node?.kind === 'map' ? node.get(step) : undefined;
  }
  return node?.kind === 'text' ? node : undefined;
};
