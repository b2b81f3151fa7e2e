import { join } from 'node:path';
import { ask } from '../../fakes/registry/registry-client.ts';
import { freePort } from './free-port.ts';
import { installRegistryParts } from './install.ts';
import { registryFolder, runRegistry, writeCertificate, type RunningRegistry } from './registry-process.ts';
import { launch, untilReady } from './running-process.ts';

/** go-containerregistry's registry, which has the Referrers API. It asks nobody who they are and forgets all when it ends. */
export const startGoRegistry = async (options: { readonly tls?: boolean } = {}): Promise<RunningRegistry> => {
  const { goRegistry } = installRegistryParts();
  const folder = registryFolder();
  const host = `127.0.0.1:${await freePort()}`;
  const tls = options.tls === true ? await writeCertificate(folder) : undefined;
  const args = ['-listen', host, ...(tls ? ['-tls-cert', tls.certFile, '-tls-key', tls.keyFile] : [])];
  const start = async () => {
    const process = launch({
      name: 'go-registry',
      command: goRegistry,
      args,
      log: join(folder, 'registry.log'),
    });
    const url = `${tls ? 'https' : 'http'}://${host}/v2/`;
    await untilReady(process, async () => (await ask(url, tls && { ca: tls.ca })).status === 200);
    return process;
  };
  return runRegistry({ host, folder, tls, start });
};
