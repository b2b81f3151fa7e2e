/** The licence texts of everything that is bundled into dist/: their licences ask for it, and the image carries no node_modules. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

const licenceFile = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

/** `node_modules/@scope/name` of each package that contributes to the bundle, in name order. */
export const bundledPackages = (metafile: Metafile): readonly string[] => {
  const folders = Object.keys(metafile.inputs).flatMap((path) => {
    const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path);
    return found === null ? [] : [found[0]];
  });
  return [...new Set(folders)].sort();
};

const noticeOf = async (root: string, folder: string): Promise<string> => {
  const pkg = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const files = (await readdir(join(root, folder))).filter((name) => licenceFile.test(name)).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(root, folder, name), 'utf8')));
  const text = texts.map((one) => one.trim()).join('\n\n');
  const head = `${pkg.name} ${pkg.version} (${pkg.license ?? 'see below'})`;
  return `${head}\n${'-'.repeat(head.length)}\n${text === '' ? `The package carries no licence text; it declares: ${pkg.license ?? 'nothing'}.` : text}\n`;
};

/** One text for all of them. */
export const thirdPartyNotices = async (root: string, metafile: Metafile): Promise<string> => {
  const notices = await Promise.all(bundledPackages(metafile).map((folder) => noticeOf(root, folder)));
  return `ImageGate contains parts of the packages below, under their licences.\n\n${notices.join('\n')}`;
};
