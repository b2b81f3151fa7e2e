import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import {
  startFakeRegistry,
  type FakeRegistry,
  type FakeRegistryOptions,
} from '../fakes/registry/registry.ts';
import { folderWith, imagegate, start, type Ended, type Options, type Started } from './imagegate.ts';
import { policyText } from './policies.ts';

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A registry on loopback, and somebody at a terminal who may reach it. */
export interface RegistryStage {
  readonly registry: FakeRegistry;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** `--config FILE` with a row for the registry. */
  readonly config: readonly string[];
  /** The home of the user; nothing lies in it. */
  readonly home: string;
  run(args: readonly string[], options?: Options): Promise<Ended>;
  begin(args: readonly string[], options?: Options): Started;
  /** What `docker login` writes. */
  login(user: string, password: string): void;
  /** Puts a file into the home of the user. */
  put(path: string, text: string, mode?: number): string;
}

export const stageRegistry = async (options: FakeRegistryOptions = {}): Promise<RegistryStage> => {
  const registry = await startFakeRegistry(options);
  closing.push(() => registry.close());
  const { host } = registry;
  const home = folderWith();
  const row = { host, plainHttp: options.tls === undefined, allowPrivateAddress: true };
  const config = folderWith({ 'imagegate.yaml': JSON.stringify({ registries: [row] }) });
  const put: RegistryStage['put'] = (path, text, mode = 0o644) => {
    const file = join(home, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  };
  /** Nothing of the user who runs the tests counts. */
  const asUser = (more: Options = {}): Options => ({
    ...more,
    env: {
      HOME: home,
      DOCKER_CONFIG: '',
      REGISTRY_AUTH_FILE: '',
      XDG_RUNTIME_DIR: join(home, 'run'),
      XDG_CONFIG_HOME: '',
      ...more.env,
    },
  });
  return {
    registry,
    host,
    home,
    config: ['--config', join(config, 'imagegate.yaml')],
    put,
    run: (args, more) => imagegate(args, asUser(more)),
    begin: (args, more) => start(args, asUser(more)),
    login: (user, password) => {
      const auth = Buffer.from(`${user}:${password}`).toString('base64');
      put('.docker/config.json', JSON.stringify({ auths: { [host]: { auth } } }));
    },
  };
};

/** Policies that ask for the bytes: nobody may run as root. */
export const nonRoot = folderWith({
  'non-root.json': policyText('non-root', {
    checks: [{ digest: { pin: true } }, { image: { user: 'NonRoot' } }],
  }),
});
