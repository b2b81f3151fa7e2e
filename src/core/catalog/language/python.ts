/*
 * Packages of Python: `METADATA` of a `.dist-info`, `PKG-INFO` of an `.egg-info`, or an `.egg-info` that is a file.
 * Specification: https://packaging.python.org/en/latest/specifications/core-metadata/
 */
import { controlParagraphs } from '../control-fields.ts';
import { noPackages, type LanguagePackages } from './language-package.ts';
import { isPackageText } from '../system/system-package.ts';

const inFolder = [
  ['.dist-info', 'metadata'],
  ['.egg-info', 'pkg-info'],
  // An egg keeps its metadata beside its code.
  ['egg-info', 'pkg-info'],
] as const;

/** The folder or file that names the package, without its ending: `a/requests-2.31.0.dist-info/METADATA` is `requests-2.31.0`. */
export const pythonFolderName = (path: string): string | undefined => {
  const parts = path.split('/');
  const file = (parts.pop() ?? '').toLowerCase();
  if (file.endsWith('.egg-info')) return file.slice(0, -'.egg-info'.length);
  const folder = parts.pop() ?? '';
  const lower = folder.toLowerCase();
  const form = inFolder.find(([ending, name]) => name === file && lower.endsWith(ending));
  return form === undefined ? undefined : folder.slice(0, -form[0].length) || (parts.pop() ?? '');
};

const wanted = new Set(['name', 'version']);

/** Only the headers: behind the first blank line stands a text for people. */
export const readPythonMetadata = (text: string, folderName: string): LanguagePackages => {
  const [fields] = controlParagraphs(text, wanted);
  const name = fields?.get('name');
  const version = fields?.get('version');
  if (!isPackageText(name) || !isPackageText(version))
    return { ...noPackages, unknown: [name ?? folderName] };
  return { packages: [{ ecosystem: 'PyPI', name, version }], unknown: [] };
};
