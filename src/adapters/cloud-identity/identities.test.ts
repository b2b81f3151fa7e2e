import { describe, expect, test } from 'vitest';
import { readCloudEnvironment, type CloudName } from '../../config/registries/cloud-environment.ts';
import { createCloudIdentities } from './identities.ts';

const environment = {
  AZURE_CLIENT_ID: 'client',
  AZURE_TENANT_ID: 'tenant',
  AZURE_FEDERATED_TOKEN_FILE: '/token',
  AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/gate',
  AWS_WEB_IDENTITY_TOKEN_FILE: '/token',
  AWS_REGION: 'eu-central-1',
};
const hosts = [
  'eu.gcr.io',
  'shop.azurecr.io',
  '111122223333.dkr.ecr.eu-central-1.amazonaws.com',
  'docker.io',
  'ghcr.io',
];

const covered = (names: readonly CloudName[]): readonly string[] => {
  const settings = readCloudEnvironment(names, environment);
  if (!settings.ok) throw new Error(settings.error.join());
  const identities = createCloudIdentities({ settings: settings.value, clock: Date });
  return identities.flatMap((identity) =>
    hosts.filter((host) => identity.covers(host)).map((host) => `${identity.name} ${host}`),
  );
};

describe('the cloud identities', () => {
  test.each<[string, readonly CloudName[], readonly string[]]>([
    ['none is made that was not switched on', [], []],
    ['Google', ['gar'], ['GAR eu.gcr.io']],
    ['Azure', ['acr'], ['ACR shop.azurecr.io']],
    ['AWS', ['ecr'], ['ECR 111122223333.dkr.ecr.eu-central-1.amazonaws.com']],
    [
      'all of them, each for its own hosts',
      ['ecr', 'acr', 'gar'],
      ['GAR eu.gcr.io', 'ACR shop.azurecr.io', 'ECR 111122223333.dkr.ecr.eu-central-1.amazonaws.com'],
    ],
  ])('%s', (_title, names, expected) => expect(covered(names)).toEqual(expected));
});
