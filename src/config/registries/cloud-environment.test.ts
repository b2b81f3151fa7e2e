import { describe, expect, test } from 'vitest';
import { readCloudEnvironment, type CloudName } from './cloud-environment.ts';

const azure = {
  AZURE_CLIENT_ID: 'client',
  AZURE_TENANT_ID: '11111111-2222-3333-4444-555555555555',
  AZURE_FEDERATED_TOKEN_FILE: '/var/run/secrets/azure/tokens/azure-identity-token',
};
const irsa = {
  AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/gate',
  AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
  AWS_REGION: 'eu-central-1',
};
const pod = {
  AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials',
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/var/run/secrets/pods.eks.amazonaws.com/token',
};

describe('what a cloud identity needs from the environment', () => {
  test('is not looked for unless the identity was switched on', () => {
    expect(readCloudEnvironment([], { ...azure, ...irsa })).toEqual({ ok: true, value: {} });
  });

  test.each<[string, CloudName, Record<string, string>, object]>([
    ['gar needs nothing', 'gar', {}, { gar: {} }],
    [
      'acr needs client, tenant and the file of the token',
      'acr',
      azure,
      {
        acr: {
          clientId: 'client',
          tenantId: azure.AZURE_TENANT_ID,
          federatedTokenFile: azure.AZURE_FEDERATED_TOKEN_FILE,
          authorityHost: 'https://login.microsoftonline.com',
        },
      },
    ],
    [
      'acr of another cloud asks its own authority',
      'acr',
      { ...azure, AZURE_AUTHORITY_HOST: 'https://login.chinacloudapi.cn/' },
      { acr: { authorityHost: 'https://login.chinacloudapi.cn' } },
    ],
    [
      'ecr by web identity',
      'ecr',
      irsa,
      {
        ecr: {
          kind: 'web-identity',
          roleArn: irsa.AWS_ROLE_ARN,
          tokenFile: irsa.AWS_WEB_IDENTITY_TOKEN_FILE,
          region: 'eu-central-1',
          sessionName: 'imagegate',
        },
      },
    ],
    [
      'ecr by Pod Identity',
      'ecr',
      pod,
      {
        ecr: {
          kind: 'container',
          uri: pod.AWS_CONTAINER_CREDENTIALS_FULL_URI,
          tokenFile: pod.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
        },
      },
    ],
    [
      'ecr by web identity where both are there, as the SDKs do',
      'ecr',
      { ...pod, ...irsa },
      { ecr: { kind: 'web-identity' } },
    ],
    [
      'ecr in the default region',
      'ecr',
      { ...irsa, AWS_REGION: '', AWS_DEFAULT_REGION: 'us-east-1' },
      { ecr: { region: 'us-east-1' } },
    ],
  ])('%s', (_title, name, environment, expected) => {
    expect(readCloudEnvironment([name], environment)).toMatchObject({ ok: true, value: expected });
  });

  test.each<[string, CloudName, Record<string, string>, RegExp]>([
    [
      'acr without anything',
      'acr',
      {},
      /AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE not set/,
    ],
    ['acr with an empty client', 'acr', { ...azure, AZURE_CLIENT_ID: ' ' }, /acr: AZURE_CLIENT_ID not set/],
    [
      'acr with a tenant that leads elsewhere',
      'acr',
      { ...azure, AZURE_TENANT_ID: '../evil' },
      /AZURE_TENANT_ID is no tenant/,
    ],
    [
      'acr with a plain authority',
      'acr',
      { ...azure, AZURE_AUTHORITY_HOST: 'http://login.example.com' },
      /no https URL/,
    ],
    [
      'ecr without anything',
      'ecr',
      {},
      /neither AWS_WEB_IDENTITY_TOKEN_FILE nor AWS_CONTAINER_CREDENTIALS_FULL_URI/,
    ],
    ['ecr without a role', 'ecr', { ...irsa, AWS_ROLE_ARN: '' }, /ecr: AWS_ROLE_ARN not set/],
    ['ecr without a region', 'ecr', { ...irsa, AWS_REGION: '' }, /AWS_REGION not set/],
  ])('%s is told at the start', (_title, name, environment, message) => {
    const result = readCloudEnvironment([name], environment);
    expect(result.ok ? 'accepted' : result.error.join('\n')).toMatch(message);
  });

  test('everything that is missing is reported at once', () => {
    const result = readCloudEnvironment(['acr', 'ecr', 'gar'], {});
    expect(result.ok ? [] : result.error).toHaveLength(2);
  });
});
