import { describe, expect, test } from 'vitest';
import { ecrEndpoint, isRegion, parseEcrHost, stsEndpoint } from './aws-host.ts';

const endpointOf = (host: string): string => {
  const parsed = parseEcrHost(host);
  return parsed === undefined ? 'refused' : `${parsed.account} ${ecrEndpoint(parsed)}`;
};

describe('the host of an ECR registry', () => {
  test.each([
    ['111122223333.dkr.ecr.eu-central-1.amazonaws.com', 'https://api.ecr.eu-central-1.amazonaws.com'],
    ['111122223333.dkr.ecr.us-gov-west-1.amazonaws.com', 'https://api.ecr.us-gov-west-1.amazonaws.com'],
    ['111122223333.dkr.ecr-fips.us-east-2.amazonaws.com', 'https://ecr-fips.us-east-2.amazonaws.com'],
    ['111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn', 'https://api.ecr.cn-north-1.amazonaws.com.cn'],
    ['111122223333.dkr-ecr.eu-west-1.on.aws', 'https://ecr.eu-west-1.api.aws'],
    ['111122223333.dkr-ecr-fips.us-east-1.on.aws', 'https://ecr-fips.us-east-1.api.aws'],
  ])('%s is asked for its token at %s', (host, endpoint) => {
    expect(endpointOf(host)).toBe(`111122223333 ${endpoint}`);
  });

  test.each([
    ['an account that is none', '11112222333.dkr.ecr.eu-central-1.amazonaws.com'],
    ['a port', '111122223333.dkr.ecr.eu-central-1.amazonaws.com:443'],
    ['a host behind', '111122223333.dkr.ecr.eu-central-1.amazonaws.com.evil.io'],
    ['a host in front', 'evil.io.111122223333.dkr.ecr.eu-central-1.amazonaws.com'],
    ['B26: a region that is a host', '111122223333.dkr.ecr.evil.io.amazonaws.com'],
    ['B26: a region with a path', '111122223333.dkr.ecr.evil.io/x-1.amazonaws.com'],
    ['B26: a region with a user', '111122223333.dkr.ecr.us-east-1@evil-1.amazonaws.com'],
    ['a region without a number', '111122223333.dkr.ecr.us-east.amazonaws.com'],
    ['a region in upper case', '111122223333.dkr.ecr.US-EAST-1.amazonaws.com'],
    ['the end of China elsewhere', '111122223333.dkr.ecr.us-east-1.amazonaws.com.cn'],
    ['China without its end', '111122223333.dkr.ecr.cn-north-1.amazonaws.com'],
    ['a line break', '111122223333.dkr.ecr.us-east-1.amazonaws.com\n'],
    ['the public registry, which needs no identity', 'public.ecr.aws'],
    ['another service', '111122223333.dkr.s3.us-east-1.amazonaws.com'],
  ])('B28: %s is no registry of ECR', (_title, host) => {
    expect(endpointOf(host)).toBe('refused');
  });
});

describe('a region', () => {
  test.each(['us-east-1', 'ap-southeast-5', 'us-gov-east-1', 'eusc-de-east-1', 'me-central-1'])(
    '%s is one',
    (name) => expect(isRegion(name)).toBe(true),
  );
  test.each(['', 'us-east-1.evil.io', 'us-east-1/', 'us east 1', 'us-east-1\n', `us-${'a'.repeat(40)}-1`])(
    '%j is none',
    (name) => expect(isRegion(name)).toBe(false),
  );
  test('decides which STS is asked', () => {
    expect(stsEndpoint('eu-central-1')).toBe('https://sts.eu-central-1.amazonaws.com');
    expect(stsEndpoint('cn-northwest-1')).toBe('https://sts.cn-northwest-1.amazonaws.com.cn');
  });
});
