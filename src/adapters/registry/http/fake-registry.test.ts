import {
  type FakeAuth,
  type FakeRegistryOptions,
  startFakeRegistry,
} from '../../../../test/fakes/registry/registry.ts';
import {
  basicCredential,
  identityCredential,
  openReading,
} from '../../../../test/fakes/registry/registry-reading.ts';
import { startFakeTokenServer } from '../../../../test/fakes/registry/registry-token.ts';
import type { Credential } from '../../../evidence/ports.ts';
import { registryContract } from '../client/registry.contract.ts';
import type { RegistryUnderTest } from '../client/registry-fixture.contract.ts';

const users = { ann: { password: 'the right one', identityToken: 'a refresh token' } };
const ann = basicCredential('ann', 'the right one');
const refused = basicCredential('ann', 'the wrong one');

interface Variant {
  readonly options: FakeRegistryOptions;
  readonly credential?: Credential;
  readonly refused?: Credential;
}

const startVariant = async (variant: Variant): Promise<RegistryUnderTest> => {
  const fake = await startFakeRegistry(variant.options);
  const { host, ca } = fake;
  const row = {
    host,
    allowPrivateAddress: true,
    plainHttp: ca === undefined,
    ...(ca !== undefined && { ca }),
  };
  const reader = openReading([row], 'guarded');
  const { auth, referrers } = variant.options;
  return {
    registry: reader.registry,
    host,
    credential: variant.credential ?? ann,
    ...(auth && auth.mode !== 'none' && { refused: variant.refused ?? refused }),
    ...(auth?.mode === 'bearer' && { realm: host }),
    referrers: referrers === false ? 'fallback-tag' : 'api',
    push: async (...content) => void fake.push(...content),
    close: async () => {
      await reader.close();
      await fake.close();
    },
  };
};

/** The token server is on another origin, and listed under `tokenRealms`. */
const startWithTokenServer = async (): Promise<RegistryUnderTest> => {
  const tokenServer = await startFakeTokenServer({ users });
  const auth: FakeAuth = { mode: 'bearer', tokenServer };
  const fake = await startFakeRegistry({ auth, referrers: false });
  const open = { allowPrivateAddress: true, plainHttp: true };
  const reader = openReading(
    [
      { host: fake.host, ...open, tokenRealms: [tokenServer.host] },
      { host: tokenServer.host, ...open },
    ],
    'guarded',
  );
  return {
    registry: reader.registry,
    host: fake.host,
    credential: ann,
    refused,
    realm: tokenServer.host,
    referrers: 'fallback-tag',
    push: async (...content) => void fake.push(...content),
    close: async () => {
      await reader.close();
      await fake.close();
      await tokenServer.close();
    },
  };
};

const identity = identityCredential('a refresh token');
const identityRefused = identityCredential('not a refresh token');
const open: [string, Variant][] = [
  ['the double, open to all, plain HTTP', { options: {} }],
  ['the double, two items a page', { options: { pageSize: 2 } }],
  ['the double without the Referrers API, TLS', { options: { referrers: false, tls: true } }],
];
const guarded: [string, Variant][] = [
  ['the double with Basic', { options: { auth: { mode: 'basic', users }, tls: true } }],
  ['the double with Bearer', { options: { auth: { mode: 'bearer', users }, tls: true } }],
  [
    'the double with Bearer and an identity token',
    {
      options: { auth: { mode: 'bearer', users }, tls: true },
      credential: identity,
      refused: identityRefused,
    },
  ],
  [
    'the double with Bearer and no Referrers API',
    {
      options: { auth: { mode: 'bearer', users, expiresIn: null, field: 'access_token' }, referrers: false },
    },
  ],
];

for (const [name, variant] of open) registryContract(name, () => startVariant(variant), { guarded: false });
for (const [name, variant] of guarded) registryContract(name, () => startVariant(variant), { guarded: true });
registryContract('the double with a token server of its own', startWithTokenServer, { guarded: true });
