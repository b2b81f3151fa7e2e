import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from './free-port.ts';
import { launch, untilReady, type RunningProcess } from './running-process.ts';

export interface Etcd {
  readonly url: string;
  readonly process: RunningProcess;
}

/** One member on loopback, not synced to disk: it lives no longer than the tests. */
export const startEtcd = async (binary: string, folder: string): Promise<Etcd> => {
  const [client, peer] = await freePorts(2);
  const url = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const data = join(folder, 'etcd');
  mkdirSync(data, { mode: 0o700 });
  const process = launch({
    name: 'etcd',
    command: binary,
    log: join(folder, 'etcd.log'),
    env: { ETCD_UNSUPPORTED_ARCH: globalThis.process.arch },
    args: [
      ['--name', 'e2e'],
      ['--data-dir', data],
      ['--listen-client-urls', url],
      ['--advertise-client-urls', url],
      ['--listen-peer-urls', peerUrl],
      ['--initial-advertise-peer-urls', peerUrl],
      ['--initial-cluster', `e2e=${peerUrl}`],
      ['--log-level', 'warn'],
      ['--logger', 'zap'],
      ['--unsafe-no-fsync'],
    ].flat(),
  });
  await untilReady(process, async () => (await fetch(`${url}/health`)).ok);
  return { url, process };
};
