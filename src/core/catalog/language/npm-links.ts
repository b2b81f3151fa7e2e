/*
 * Packages of npm that a link leads to: `npm install ./folder`, `npm link` and workspaces put a link to a folder into
 * `node_modules`, and some images link `node_modules` itself. Node follows them, so what lies behind is installed.
 */
import type { ImageFiles } from '../../layer/overlay.ts';
import { fail, ok, type Result } from '../../result.ts';
import type { Unreadable } from '../../text/unreadable.ts';

const isScope = (name: string): boolean => name.startsWith('@');
const isPackage = (name: string): boolean => !name.startsWith('.') && !isScope(name);

/** What a link may lead to, by where it lies. */
const roleOf = (path: string): 'packages' | 'scope' | 'package' | undefined => {
  const parts = path.split('/');
  const [base = '', above = '', farther = ''] = [parts.pop(), parts.pop(), parts.pop()];
  if (base === 'node_modules') return 'packages';
  if (above === 'node_modules') return isScope(base) ? 'scope' : isPackage(base) ? 'package' : undefined;
  return farther === 'node_modules' && isScope(above) && isPackage(base) ? 'package' : undefined;
};

/**
 * The paths of `package.json` that stand behind links, as Node finds them; there need be none at them. A folder to which several
 * links lead is gone through once: links multiply. Links that lead in a circle lead Node nowhere either.
 */
export const linkedPackagePaths = <T>(image: ImageFiles<T>): Result<readonly string[], Unreadable> => {
  const paths: string[] = [];
  const seen = new Set<string>();
  const addScope = (path: string): Unreadable | undefined => {
    const real = image.realFolder(path);
    if (!real.ok) return real.error.kind === 'limit' ? real.error : undefined;
    if (seen.has(real.value)) return undefined;
    seen.add(real.value);
    for (const name of image.namesAt(path)) if (isPackage(name)) paths.push(`${path}/${name}/package.json`);
    return undefined;
  };
  const addPackages = (path: string): Unreadable | undefined => {
    const error = addScope(path);
    if (error !== undefined) return error;
    for (const name of image.namesAt(path).filter(isScope)) {
      const ofScope = addScope(`${path}/${name}`);
      if (ofScope !== undefined) return ofScope;
    }
    return undefined;
  };
  for (const link of image.links()) {
    const role = roleOf(link);
    if (role === undefined) continue;
    if (role === 'package') paths.push(`${link}/package.json`);
    else {
      const error = role === 'scope' ? addScope(link) : addPackages(link);
      if (error !== undefined) return fail(error);
    }
  }
  return ok(paths);
};
