import { registryContract } from '../../../src/adapters/registry/client/registry.contract.ts';
import type { RegistryUnderTest } from '../../../src/adapters/registry/client/registry-fixture.contract.ts';
import {
  anonymous,
  basicCredential,
  openReading,
  type Reading,
} from '../../fakes/registry/registry-reading.ts';
import { startDockerRegistry, type DockerRegistryOptions } from '../harness/docker-registry.ts';
import { startGoRegistry } from '../harness/go-registry.ts';
import { rowOf, type RunningRegistry } from '../harness/registry-process.ts';
import { pushManifest, type PushTarget } from '../harness/registry-push.ts';

const ann = basicCredential('ann', 'the right one');
const user = { user: 'ann', password: 'the right one' };
const basicAuth = { mode: 'basic', users: { ann: 'the right one' } } as const;
const tokenAuth = { mode: 'token', users: { ann: { password: 'the right one' } } } as const;

const docker = async (options: DockerRegistryOptions): Promise<RegistryUnderTest> => {
  const running = await startDockerRegistry(options);
  const realm = running.tokenServer?.host;
  const reader =
    realm === undefined
      ? openReading([rowOf(running)], 'guarded')
      : openReading(
          [{ ...rowOf(running), tokenRealms: [realm] }, rowOf({ ...running, host: realm })],
          'guarded',
        );
  const guarded = options.auth !== undefined;
  return {
    ...underTest(running, reader, guarded ? { ...running, ...user } : running),
    ...(guarded && { credential: ann, refused: basicCredential('ann', 'the wrong one') }),
    ...(realm !== undefined && { realm }),
    referrers: 'fallback-tag',
  };
};

const go = async (tls: boolean): Promise<RegistryUnderTest> => {
  const running = await startGoRegistry({ tls });
  return { ...underTest(running, openReading([rowOf(running)], 'guarded'), running), sharesBlobs: true };
};

const underTest = (running: RunningRegistry, reader: Reading, target: PushTarget): RegistryUnderTest => ({
  registry: reader.registry,
  host: running.host,
  credential: anonymous,
  referrers: 'api',
  push: (repository, manifest, ...tags) => pushManifest(target, repository, manifest, ...tags),
  close: async () => {
    await reader.close();
    await running.stop();
  },
});

registryContract('docker-registry over plain HTTP', () => docker({}), { guarded: false });
registryContract('docker-registry with TLS and passwords', () => docker({ tls: true, auth: basicAuth }), {
  guarded: true,
});
registryContract(
  'docker-registry with TLS and a token server',
  () => docker({ tls: true, auth: tokenAuth }),
  {
    guarded: true,
  },
);
registryContract("go-containerregistry's registry", () => go(true), { guarded: false });
