import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  ecr,
  podIdentityAgent,
  startService,
  sts,
  type CloudCall,
  type CloudReply,
  type CloudService,
} from '../../../test/fakes/cloud.ts';
import { agentUrl, createAwsKeys, type ContainerIdentity, type WebIdentity } from './aws-keys.ts';
import { createCloudHttp } from './cloud-http.ts';
import { createEcrIdentity } from './ecr.ts';

const folder = mkdtempSync(join(tmpdir(), 'imagegate-ecr-'));
const tokenFile = join(folder, 'token');
afterAll(() => rmSync(folder, { recursive: true }));
const services: CloudService[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()));
});

const now = Date.UTC(2026, 0, 1, 12);
const never = new AbortController().signal;
const host = '444455556666.dkr.ecr.eu-central-1.amazonaws.com';
const keys = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'secret/key+1',
  sessionToken: 'secret//session==',
};
const roleArn = 'arn:aws:iam::111122223333:role/gate';
const registry = {
  keys,
  region: 'eu-central-1',
  now,
  password: 'secret-password',
  expiresAt: now / 1000 + 43_200.5,
};
const role: WebIdentity = {
  kind: 'web-identity',
  roleArn,
  tokenFile,
  region: 'eu-central-1',
  sessionName: 'imagegate',
};

type Answer = (call: CloudCall) => CloudReply | undefined;
const good = {
  keys: (call: CloudCall) => sts(call, { roleArn, token: 'secret-jwt', keys }),
  ecr: (call: CloudCall) => ecr(call, registry),
};
interface Given {
  readonly keys?: Answer;
  readonly ecr?: Answer;
  readonly identity?: (url: string) => WebIdentity | ContainerIdentity;
}
const start = async (given: Given = {}) => {
  const [source, api] = await Promise.all([
    startService(given.keys ?? good.keys),
    startService(given.ecr ?? good.ecr),
  ]);
  services.push(source, api);
  const http = createCloudHttp({ timeout: 10_000 });
  const identity = createEcrIdentity({
    http,
    clock: { now: () => now },
    keys: createAwsKeys({ http, identity: given.identity?.(source.url) ?? role, sts: () => source.url }),
    endpoint: () => api.url,
  });
  return { identity, source, api };
};
const whyOf = (fact: { readonly state: string; readonly why?: { readonly why: string } }): string =>
  fact.why?.why ?? fact.state;
const known = {
  state: 'known',
  value: {
    secret: { kind: 'basic', username: 'AWS', password: 'secret-password' },
    expires: now + 43_200_500,
  },
};

describe('the AWS identity by web identity (IRSA)', () => {
  test('takes the role by the token of the Pod and signs the request for the password', async () => {
    writeFileSync(tokenFile, 'secret-jwt\n');
    const { identity, api } = await start();
    expect(await identity.credential(host, never)).toEqual(known);
    expect(api.calls[0]?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE\/20260101\/eu-central-1\/ecr\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, /,
    );
  });

  test('signs for the region of the registry, not for that of the Pod', async () => {
    writeFileSync(tokenFile, 'secret-jwt');
    const { identity } = await start({ ecr: (call) => ecr(call, { ...registry, region: 'us-west-2' }) });
    const elsewhere = '444455556666.dkr.ecr.us-west-2.amazonaws.com';
    expect((await identity.credential(elsewhere, never)).state).toBe('known');
    expect(whyOf(await identity.credential(host, never))).toMatch(/InvalidSignatureException/);
  });

  test('reads the token anew each time', async () => {
    writeFileSync(tokenFile, 'secret-of-yesterday');
    const { identity } = await start();
    expect((await identity.credential(host, never)).state).toBe('unavailable');
    writeFileSync(tokenFile, 'secret-jwt');
    expect(await identity.credential(host, never)).toEqual(known);
  });

  const withKeys =
    (body: string): Answer =>
    () => ({ status: 200, body });
  const withEcr =
    (body: object): Answer =>
    () => ({ status: 200, body: JSON.stringify(body) });
  const authorization = (text: string, expiresAt: unknown = 1): object => ({
    authorizationData: [{ authorizationToken: Buffer.from(text).toString('base64'), expiresAt }],
  });

  test.each<[string, Given, RegExp]>([
    [
      'STS refuses the token',
      { keys: (call) => sts(call, { roleArn: 'another', token: 'secret-jwt', keys }) },
      /^STS answered 400 \(InvalidIdentityToken\)$/,
    ],
    ['STS is down', { keys: () => ({ status: 503, body: '<html>secret-jwt</html>' }) }, /^STS answered 503$/],
    [
      'STS sends no XML',
      { keys: withKeys('{"secret-key":1}') },
      /^STS answered with what cannot be read: text stands/,
    ],
    [
      'STS sends an entity',
      { keys: withKeys('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>') },
      /cannot be read: it is no plain XML/,
    ],
    [
      'STS sends no keys',
      { keys: withKeys('<AssumeRoleWithWebIdentityResponse/>') },
      /^STS answered without usable keys$/,
    ],
    [
      'the keys do not fit the signature',
      { ecr: (call) => ecr(call, { ...registry, keys: { ...keys, secretAccessKey: 'secret-other' } }) },
      /^GetAuthorizationToken of ECR answered 403 \(InvalidSignatureException\)$/,
    ],
    ['ECR sends no list', { ecr: withEcr({}) }, /without authorizationData$/],
    ['ECR sends an empty list', { ecr: withEcr({ authorizationData: [] }) }, /without authorizationData$/],
    [
      'ECR sends another user',
      { ecr: withEcr(authorization('root:secret-password')) },
      /without a usable authorizationToken$/,
    ],
    [
      'ECR sends no password',
      { ecr: withEcr(authorization('AWS:')) },
      /without a usable authorizationToken$/,
    ],
    [
      'the password would add a header',
      { ecr: withEcr(authorization('AWS:secret-\r\nx: y')) },
      /without a usable authorizationToken$/,
    ],
    [
      'ECR names no end',
      { ecr: withEcr(authorization('AWS:secret-password', 'soon')) },
      /without a usable expiresAt$/,
    ],
    [
      'the region of the Pod is none',
      { identity: () => ({ ...role, region: 'evil.io/' }) },
      /^AWS_REGION is no region of AWS, so STS was not asked$/,
    ],
    [
      'the token file is missing',
      { identity: () => ({ ...role, tokenFile: join(folder, 'nowhere') }) },
      /^the web identity token ".*nowhere" cannot be read \(ENOENT\)$/,
    ],
    ['the token file is a folder', { identity: () => ({ ...role, tokenFile: folder }) }, /is no file$/],
  ])('is unavailable, without a secret, when %s', async (_title, given, why) => {
    writeFileSync(tokenFile, 'secret-jwt');
    const { identity } = await start(given);
    const fact = await identity.credential(host, never);
    expect(whyOf(fact)).toMatch(why);
    expect(JSON.stringify(fact)).not.toMatch(/secret[-/]/);
  });

  test('B26: asks nobody about a host whose region leads elsewhere', async () => {
    writeFileSync(tokenFile, 'secret-jwt');
    const { identity, source, api } = await start();
    const fact = await identity.credential('444455556666.dkr.ecr.evil.io/x-1.amazonaws.com', never);
    expect(whyOf(fact)).toBe('it is no private registry of ECR');
    expect([...source.calls, ...api.calls]).toEqual([]);
  });

  test('covers private registries of ECR only', async () => {
    const { identity } = await start();
    expect(identity.covers(host)).toBe(true);
    expect(identity.covers('public.ecr.aws')).toBe(false);
  });
});

describe('the AWS identity by EKS Pod Identity', () => {
  const agent = (url: string): ContainerIdentity => ({
    kind: 'container',
    uri: `${url}/v1/credentials`,
    tokenFile,
  });

  test('asks the agent of the node with the token of the Pod', async () => {
    writeFileSync(tokenFile, 'secret-jwt');
    const { identity } = await start({
      keys: (call) => podIdentityAgent(call, { token: 'secret-jwt', keys }),
      identity: agent,
    });
    expect(await identity.credential(host, never)).toEqual(known);
  });

  test.each<[string, Answer, RegExp]>([
    [
      'the agent refuses the token',
      (call) => podIdentityAgent(call, { token: 'another', keys }),
      /^the agent of EKS Pod Identity answered 401$/,
    ],
    [
      'the agent sends half of the keys',
      () => ({ status: 200, body: '{"AccessKeyId":"secret-id"}' }),
      /without a usable SecretAccessKey$/,
    ],
    [
      'the agent redirects',
      () => ({ status: 302, headers: { location: 'http://127.0.0.1:1' }, body: '' }),
      /answered 302$/,
    ],
  ])('is unavailable, without a secret, when %s', async (_title, answer, why) => {
    writeFileSync(tokenFile, 'secret-jwt');
    const { identity } = await start({ keys: answer, identity: agent });
    const fact = await identity.credential(host, never);
    expect(whyOf(fact)).toMatch(why);
    expect(JSON.stringify(fact)).not.toContain('secret-');
  });

  test('B26: the token of the Pod goes to no other machine', async () => {
    writeFileSync(tokenFile, 'secret-jwt');
    const { identity, source } = await start({
      identity: (url) => ({ ...agent(url), uri: url.replace('127.0.0.1', 'localhost') }),
    });
    expect(whyOf(await identity.credential(host, never))).toMatch(
      /neither https nor the address of an agent/,
    );
    expect(source.calls).toEqual([]);
  });

  test.each([
    'http://169.254.170.23/v1/credentials',
    'http://[fd00:ec2::23]/v1/credentials',
    'http://169.254.170.2/v2/x',
    'http://127.0.0.1:9911/creds',
    'http://[::1]:9911/creds',
    'https://agent.example.com/creds',
  ])('%s may be asked', (uri) => expect(agentUrl(uri)?.href).toBe(uri));
  test.each([
    'http://169.254.169.254/latest/meta-data',
    'http://agent.example.com/creds',
    'http://localhost/creds',
    'http://127.0.0.1.evil.io/creds',
    'http://169.254.170.23.evil.io/creds',
    'http://169.254.170.23@evil.io/creds',
    'https://user:password@agent.example.com/creds',
    'http://[fd00:ec2::254]/creds',
    'ftp://169.254.170.23/creds',
    'file:///etc/passwd',
    '/v1/credentials',
  ])('B26: %s is not asked', (uri) => expect(agentUrl(uri)).toBeUndefined());
});
