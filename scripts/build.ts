/** Bundles the CLI, one chunk a command, so that a start reads only what it needs. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { thirdPartyNotices } from './third-party.ts';

const root = new URL('..', import.meta.url).pathname;
const { outputFiles, metafile } = await build({
  absWorkingDir: root,
  entryPoints: {
    main: 'src/cli/main.ts',
    'store-worker': 'src/adapters/store/decisions/sqlite-worker.ts',
    'inventory-worker': 'src/adapters/store/inventory/inventory-worker.ts',
    'verify-worker': 'src/serve/verify-worker.ts',
    'catalog-worker': 'src/adapters/catalog/catalog-worker.ts',
    'constraint-worker': 'src/serve/constraints/constraint-worker.ts',
    'advisories-worker': 'src/serve/advisories/update-worker.ts',
    expressions: 'src/serve/expressions.ts',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  write: false,
  metafile: true,
  format: 'esm',
  // Of `.mjs` Node does not ask a package.json what it is: a tenth of the time of a start.
  outExtension: { '.js': '.mjs' },
  platform: 'node',
  target: 'node24',
  // ES modules keep their named exports when a chunk is loaded later; CommonJS would not.
  mainFields: ['module', 'main'],
  chunkNames: 'chunk/[name]-[hash]',
  legalComments: 'none',
  logLevel: 'warning',
  // Some dependencies are CommonJS and call require for Node's own modules, and inside `try` for packages that we do not ship.
  banner: {
    js: 'const require = (name) => { const found = process.getBuiltinModule(name); if (found === undefined) throw new Error(`Cannot find module ${name}`); return found; };',
  },
});

// Only a complete build replaces the one before it, and what is running keeps its files until then.
for (const { path, contents } of outputFiles) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}
const notices = join(root, 'dist', 'THIRD-PARTY.txt');
await writeFile(notices, await thirdPartyNotices(root, metafile));
const fresh = new Set([notices, ...outputFiles.map(({ path }) => path)]);
for (const entry of await readdir(join(root, 'dist'), { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && !fresh.has(path)) await rm(path);
}
