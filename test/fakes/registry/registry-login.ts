import type { Credential, ReadBudget } from '../../../src/evidence/ports.ts';
import { image } from './registry-content.ts';
import { basicCredential, budgetOf, openReading, type Reading } from './registry-reading.ts';
import { type FakeAuth, type FakeRegistry, startFakeRegistry } from './registry.ts';

export const users = {
  ann: { password: 'pw-of-ann', identityToken: 'refresh-of-ann', repositories: ['team/*'] },
};
export const ann = basicCredential('ann', 'pw-of-ann');
/** What lies in every repository. */
export const web = image({ user: '1000' });

interface Closing {
  close(): Promise<void>;
}

/** Registries that want a login, and the client that reads them; everything ends with `close`. */
export const openLogins = () => {
  const open: Closing[] = [];
  const keep = <T extends Closing>(each: T): T => {
    open.push(each);
    return each;
  };
  return {
    keep,
    startWith: async (auth: FakeAuth): Promise<FakeRegistry> => {
      const server = keep(await startFakeRegistry({ auth }));
      for (const repository of ['team/app', 'team/other', 'public/app', 'secret/app'])
        server.push(repository, web, 'v1');
      return server;
    },
    reader: (rows?: Parameters<typeof openReading>[0]): Reading => keep(openReading(rows)),
    close: async (): Promise<void> => {
      for (const each of open.splice(0).reverse()) await each.close();
    },
  };
};

export const get = (
  { registry }: Reading,
  { host }: Pick<FakeRegistry, 'host'>,
  credential: Credential,
  repository = 'team/app',
  budget: ReadBudget = budgetOf(),
) => registry.manifest({ host, repository }, { tag: 'v1' }, credential, budget);

/** The requests of a registry and what each showed: `manifests basic`. */
export const seen = (server: FakeRegistry): string[] =>
  server.requests.map(({ kind, authorization }) => `${kind} ${authorization}`);
