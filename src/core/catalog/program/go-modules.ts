/*
 * The modules that a Go program was built from, as its build information lists them: a word, a tab and values a line.
 * Specification: https://pkg.go.dev/runtime/debug#BuildInfo
 */
import { ok, type Result } from '../../result.ts';
import type { Unreadable } from '../../text/unreadable.ts';
import { semverOfToolchain } from '../../vulnerability/version/go.ts';
import type { LanguagePackage, LanguagePackages } from '../language/language-package.ts';
import { isPackageText, tooManyPackages } from '../system/system-package.ts';

interface Module {
  readonly path: string;
  readonly version: string;
}

/** The largest programs that are known have two thousand. */
const maxModules = 20_000;

const isVersion = (version: string): boolean => isPackageText(version) && version !== '(devel)';

/** A replacement stands behind the module that it replaces, and its code is what was built. */
const modulesOf = (lines: readonly string[]): readonly Module[] => {
  const modules: Module[] = [];
  for (const line of lines) {
    const [word, path = '', version = ''] = line.split('\t', 3);
    if (word === 'mod' || word === 'dep') modules.push({ path, version });
    // Code of a folder is a copy that somebody may have changed: its version is that of no module.
    else if (word === '=>' && modules.length > 0) {
      const replaced = modules.at(-1)?.path ?? '';
      modules[modules.length - 1] = isVersion(version) ? { path, version } : { path: replaced, version: '' };
    }
  }
  return modules;
};

/**
 * The modules and the standard library, which is as old as the toolchain. `(devel)`, and what was replaced by a folder, has
 * no version (V14).
 */
export const readGoModules = (
  toolchain: string,
  information: string,
): Result<LanguagePackages, Unreadable> => {
  const lines = information.split('\n', maxModules * 2);
  const modules = modulesOf(lines);
  if (modules.length > maxModules || lines.length >= maxModules * 2) return tooManyPackages;
  const packages: LanguagePackage[] = [];
  const unknown: string[] = [];
  for (const { path, version } of modules) {
    if (isPackageText(path) && isVersion(version)) packages.push({ ecosystem: 'Go', name: path, version });
    else unknown.push(path);
  }
  const version = semverOfToolchain(toolchain);
  if (version === undefined) unknown.push(`stdlib of ${toolchain}`);
  else packages.push({ ecosystem: 'Go', name: 'stdlib', version });
  return ok({ packages, unknown });
};
