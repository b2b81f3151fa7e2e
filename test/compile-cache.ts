import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What Node compiled once, all processes of this test run read: the command line starts some thousand times in it. */
export const setup = (): (() => void) => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-compiled-'));
  process.env['NODE_COMPILE_CACHE'] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
};
