/** Packages of a kind that is not judged: where they lie, and what they are called for people (V1). */
const byEnding: readonly (readonly [ending: string, form: string])[] = [
  ['.jar', 'Java archives'],
  ['.war', 'Java archives'],
  ['.ear', 'Java archives'],
  ['.deps.json', '.NET packages'],
  ['.gemspec', 'Ruby gems'],
  ['.egg', 'Python eggs'],
  ['/.pnp.cjs', 'Yarn PnP packages'],
  // Of Yarn 2.
  ['/.pnp.js', 'Yarn PnP packages'],
  ['/composer/installed.json', 'PHP packages'],
];

const isCondaPackage = (path: string): boolean => path.includes('conda-meta/') && path.endsWith('.json');
/** Gems that were installed have their description in a folder of that name. */
const isNoGem = (path: string): boolean => path.endsWith('.gemspec') && !path.includes('/specifications/');

const hash = /^[0-9a-f]{64}$/;
/** Deno keeps what it imports by URL under the hash of the path: `deps/https/deno.land/HASH`, since version 2 `remote/…`. */
const isDenoModule = (path: string): boolean => {
  const parts = path.split('/');
  if (!hash.test(parts.pop() ?? '') || parts.pop() === undefined) return false;
  const [scheme = '', folder = ''] = [parts.pop(), parts.pop()];
  return (scheme === 'https' || scheme === 'http') && (folder === 'deps' || folder === 'remote');
};

/** What a file is a package of, by its name. `undefined`: of nothing. */
export const unsupportedForm = (path: string): string | undefined => {
  if (isCondaPackage(path)) return 'conda packages';
  if (isDenoModule(path)) return 'Deno modules';
  if (isNoGem(path)) return undefined;
  const rooted = `/${path.toLowerCase()}`;
  return byEnding.find(([ending]) => rooted.endsWith(ending))?.[1];
};
