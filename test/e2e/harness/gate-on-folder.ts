import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from './gate.ts';

/** A running gate without a cluster. */
export interface GateOnFolder {
  readonly url: string;
  /** Who signed its certificate, as PEM. */
  readonly ca: string;
  stop(): Promise<void>;
}

/** Serves the policies of a folder on free ports. */
export const startGateOnFolder = async (policies: string): Promise<GateOnFolder> => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-served-'));
  const data = join(folder, 'data');
  const { process, url } = await serve({
    args: [
      ['--policies', policies, '--data', data],
      ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
    ].flat(),
    log: join(folder, 'serve'),
  });
  return {
    url,
    ca: readFileSync(join(data, 'tls', 'ca.crt'), 'utf8'),
    stop: async () => {
      await process.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
