import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imagegateProgram } from './imagegate.ts';
import { launch, untilReady } from './running-process.ts';

/** A running gate without a cluster. */
export interface GateOnFolder {
  readonly url: string;
  /** Who signed its certificate, as PEM. */
  readonly ca: string;
  stop(): Promise<void>;
}

/** Serves the policies of a folder on free ports. */
export const startGateOnFolder = async (policies: string): Promise<GateOnFolder> => {
  const data = mkdtempSync(join(tmpdir(), 'imagegate-served-'));
  const stdoutLog = join(data, 'stdout.log');
  const process = launch({
    name: 'imagegate serve',
    command: globalThis.process.execPath,
    log: join(data, 'stderr.log'),
    stdoutLog,
    args: [
      [imagegateProgram, 'serve', '--policies', policies, '--data', join(data, 'data')],
      ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
    ].flat(),
  });
  const ready = () => /^ready (https:\S+) admin /m.exec(readFileSync(stdoutLog, 'utf8'));
  await untilReady(process, async () => ready() !== null);
  return {
    url: ready()![1]!,
    ca: readFileSync(join(data, 'data', 'tls', 'ca.crt'), 'utf8'),
    stop: async () => {
      await process.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
};
