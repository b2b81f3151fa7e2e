import { fail, ok, type Result } from '../../core/result.ts';

const deepest = 8;
const maxElements = 256;
const notPlain = 'it is no plain XML';

const token =
  /<(\/?)([A-Za-z][\w.-]{0,63})((?:\s{1,8}[\w:.-]{1,64}="[^"<&]{0,512}"){0,16})\s{0,8}(\/?)>|[^<]{1,65536}/y;
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** `undefined` when an entity stands in it that XML does not know by itself. */
const decoded = (text: string): string | undefined => {
  const parts = text.split('&');
  const [first = '', ...others] = parts;
  let result = first;
  for (const part of others) {
    const end = part.indexOf(';');
    const character = end < 0 ? undefined : entities[part.slice(0, end)];
    if (character === undefined) return undefined;
    result += character + part.slice(end + 1);
  }
  return result;
};

/** Elements that are open, and the texts of closed elements. A method returns the mistake, if there is one. */
interface Tree {
  enter(name: string): string | undefined;
  text(content: string): string | undefined;
  leave(name: string): string | undefined;
  end(): Result<ReadonlyMap<string, string>, string>;
}

const beside = 'text stands beside elements';

const createTree = (): Tree => {
  const leaves = new Map<string, string>();
  const open: { readonly name: string; hasChildren: boolean }[] = [];
  let elements = 0;
  let content = '';

  const addLeaf = (path: string, leaf: string | undefined, hasChildren: boolean): string | undefined => {
    if (leaf === undefined) return 'it holds an unknown entity';
    if (leaf === '') return undefined;
    if (hasChildren) return beside;
    if (leaves.has(path)) return 'one of its elements occurs twice';
    leaves.set(path, leaf);
    return undefined;
  };

  return {
    enter: (name) => {
      const parent = open.at(-1);
      if (parent === undefined && elements > 0) return 'it has two roots';
      if (content !== '') return beside;
      if ((elements += 1) > maxElements || open.length >= deepest) return 'it is too large or too deep';
      if (parent !== undefined) parent.hasChildren = true;
      open.push({ name, hasChildren: false });
      return undefined;
    },
    text: (text) => {
      content += text.trim();
      return content === '' || open.length > 0 ? undefined : beside;
    },
    leave: (name) => {
      const path = open.map((element) => element.name).join('/');
      const element = open.pop();
      if (element?.name !== name) return 'its elements are not closed in order';
      const leaf = decoded(content);
      content = '';
      return addLeaf(path, leaf, element.hasChildren);
    },
    end: () => (open.length > 0 || elements === 0 ? fail('it ends early') : ok(leaves)),
  };
};

/** Hands one piece of XML to the tree. */
const grow = (tree: Tree, match: RegExpExecArray): string | undefined => {
  const [whole, closing, name, attributes, empty] = match;
  if (name === undefined) return tree.text(whole);
  if (closing === '') return tree.enter(name) ?? (empty === '' ? undefined : tree.leave(name));
  return attributes === '' && empty === '' ? tree.leave(name) : notPlain;
};

/**
 * The texts of an XML document by path (`Response/Result/Key`): elements with texts, and nothing else. A DOCTYPE, a
 * comment, CDATA, a processing instruction and a path that occurs twice are refused: they are what XML attacks are made
 * of, and no answer that is read here has them.
 */
export const readXmlLeaves = (text: string): Result<ReadonlyMap<string, string>, string> => {
  const body = text.replace(/^\s{0,8}<\?xml [^?<>]{0,128}\?>/, '');
  const tree = createTree();
  let position = 0;
  while (position < body.length) {
    token.lastIndex = position;
    const match = token.exec(body);
    const fault = match === null ? notPlain : grow(tree, match);
    if (fault !== undefined) return fail(fault);
    position = token.lastIndex;
  }
  return tree.end();
};
