/*
 * Packages of npm: `package.json` of a folder in `node_modules`, at any depth. pnpm's store has such folders too
 * (`node_modules/.pnpm/a@1.0.0/node_modules/a`), and the cache of Deno has them under its own names. Other files of that name, such as the `{"type":"module"}` that
 * packages keep in folders of their own, are no packages.
 */
import { endOfString } from '../../text/json/json-source.ts';
import { objectOf, textOf } from '../../text/json/json.ts';
import { parseJson } from '../../text/json/parse-json.ts';
import { noPackages, type LanguagePackages } from './language-package.ts';
import { isPackageText } from '../system/system-package.ts';

const numbered = /^\d{1,8}\.\d{1,8}\.\d{1,8}/;

/**
 * Deno keeps packages by registry, name and version: `npm/registry.npmjs.org/@scope/name/1.0.0/package.json` of its cache is
 * `@scope/name`.
 */
const denoFolderName = (path: string): string | undefined => {
  const parts = path.split('/');
  if (parts.pop() !== 'package.json' || !numbered.test(parts.pop() ?? '')) return undefined;
  const name = parts.pop() ?? '';
  const above = parts.pop() ?? '';
  const [scope, host] = above.startsWith('@') ? [`${above}/`, parts.pop() ?? ''] : ['', above];
  return parts.pop() === 'npm' && host.includes('.') && name !== '' ? `${scope}${name}` : undefined;
};

/** `a/node_modules/@scope/name/package.json` is `@scope/name`. */
export const npmFolderName = (path: string): string | undefined =>
  nodeFolderName(path) ?? denoFolderName(path);

const nodeFolderName = (path: string): string | undefined => {
  const parts = path.split('/');
  if (parts.pop() !== 'package.json') return undefined;
  const name = parts.pop() ?? '';
  const above = parts.pop() ?? '';
  if (above === 'node_modules' && !name.startsWith('.') && !name.startsWith('@')) return name;
  return above.startsWith('@') && parts.pop() === 'node_modules' ? `${above}/${name}` : undefined;
};

const maxDepth = 512;
const steps: Readonly<Record<string, number>> = { '[': 1, '{': 1, ']': -1, '}': -1 };
/** The parser takes a hundred bytes for each value that is open, outside of the heap, where no limit of a thread holds. */
const isTooDeep = (text: string): boolean => {
  let depth = 0;
  for (let at = 0; at < text.length && depth <= maxDepth; at += 1) {
    if (text[at] === '"') at = endOfString(text, at) - 1;
    else depth += steps[text[at] ?? ''] ?? 0;
  }
  return depth > maxDepth;
};

/**
 * The name in the file counts, not that of its folder: `npm install a@npm:b` puts `b` into a folder `a`. Without a name it
 * is that of the folder. What is no JSON, Node does not load either.
 */
export const readNpmPackage = (text: string, folderName: string): LanguagePackages => {
  const document = isTooDeep(text) ? undefined : parseJson(text.startsWith('\ufeff') ? text.slice(1) : text);
  const fields = objectOf(document);
  const named = textOf(fields['name']);
  const name = isPackageText(named) ? named : folderName;
  const version = textOf(fields['version']).trim();
  if (!isPackageText(version)) return { ...noPackages, unknown: [name] };
  // npm writes versions as Semantic Versioning does; `=1.0.0` and `v1.0.0` of old packages are cleaned.
  const clean = version.replace(/^[=v]{1,2}/, '');
  return { packages: [{ ecosystem: 'npm', name, version: clean }], unknown: [] };
};
