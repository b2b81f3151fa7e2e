import { execFileSync } from 'node:child_process';
import { chownSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from './free-port.ts';
import { ask, missing } from './install-command.ts';
import { findOrUnpack } from './install-debian.ts';
import { launch, untilReady } from './running-process.ts';

/** A server of its own, on loopback. */
export interface RunningPostgresql {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  stop(): Promise<void>;
}

/** The folder with `initdb` and `postgres`: the machine's own, or Debian's package of today, unpacked. */
const findPostgresql = (): string => {
  const [own] = globSync('/usr/lib/postgresql/*/bin/initdb').toSorted().reverse();
  if (own !== undefined) return dirname(own);
  const version = /Depends: postgresql-(\d+)/.exec(ask('apt-cache', ['depends', 'postgresql']))?.[1];
  if (version === undefined) missing('postgresql', 'apt-get install -y postgresql');
  const folder = `usr/lib/postgresql/${version ?? ''}/bin`;
  return dirname(
    findOrUnpack({
      program: 'postgres',
      package: `postgresql-${version ?? ''}`,
      folder,
      beside: ['initdb'],
    }),
  );
};

/** The server refuses to be run by root: then it is nobody's. */
const nobody = 65_534;
const asNobody =
  process.getuid?.() === 0 ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : [];
const command = (program: string, args: readonly string[]): [string, string[]] => {
  const [setpriv, ...more] = asNobody;
  return setpriv === undefined ? [program, [...args]] : [setpriv, [...more, program, ...args]];
};

export const startPostgresql = async (): Promise<RunningPostgresql> => {
  const programs = findPostgresql();
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-postgresql-'));
  const [user, password] = ['imagegate', 'a password of this test'];
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password);
  if (asNobody.length > 0) for (const path of [folder, passwordFile]) chownSync(path, nobody, nobody);
  const data = join(folder, 'data');
  const making = ['-D', data, '-U', user, '--pwfile', passwordFile, '--auth=scram-sha-256', '-E', 'UTF8'];
  // The default locale of the machine may be one that sorts and compares in its own way, and may be missing.
  execFileSync(...command(join(programs, 'initdb'), [...making, '--locale=C', '--no-sync']), {
    cwd: folder,
    stdio: 'pipe',
  });
  const port = await freePort();
  const [program, args] = command(join(programs, 'postgres'), [
    '-D',
    data,
    '-h',
    '127.0.0.1',
    '-p',
    String(port),
    // No socket beside the port, and no wait for a disk that is thrown away.
    '-c',
    'unix_socket_directories=',
    '-c',
    'fsync=off',
  ]);
  const server = launch({ name: 'postgresql', command: program, args, log: join(folder, 'server.log') });
  await untilReady(server, () => Promise.resolve(server.output().includes('is ready to accept connections')));
  return {
    host: '127.0.0.1',
    port,
    user,
    password,
    stop: async () => {
      // SIGINT: ends sessions, and does not wait for them.
      await server.stop('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
