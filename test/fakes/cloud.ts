import { signed, type AwsKeys } from '../../src/adapters/cloud-identity/sigv4.ts';
import { listen, type Arrival } from './registry/registry-listener.ts';

/** One request as a service of a cloud got it. */
export interface CloudCall {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Arrival['request']['headers'];
  readonly body: string;
}
export interface CloudReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}
export interface CloudService {
  readonly url: string;
  readonly calls: readonly CloudCall[];
  close(): Promise<void>;
}

/** A service on loopback; `undefined` for an answer means that none ever comes. */
export const startService = async (
  answer: (call: CloudCall) => CloudReply | undefined,
): Promise<CloudService> => {
  const calls: CloudCall[] = [];
  const listener = await listen({}, ({ request, response, body }) => {
    const { method = '', url: path = '', headers } = request;
    const call = { method, path, headers, body };
    calls.push(call);
    const reply = answer(call);
    if (reply !== undefined) response.writeHead(reply.status, reply.headers).end(reply.body);
    return Promise.resolve();
  });
  return { url: listener.url, calls, close: () => listener.close() };
};

const json = (status: number, body: object): CloudReply => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: JSON.stringify(body),
});

/** The metadata server of Google Cloud: it refuses requests without its header, and those that a proxy passed on. */
export const googleMetadata = ({ method, path, headers }: CloudCall, token: object): CloudReply => {
  const flavor = { 'metadata-flavor': 'Google', server: 'Metadata Server for VM' };
  const asked = headers['metadata-flavor'] === 'Google' && headers['x-forwarded-for'] === undefined;
  if (!asked) return { status: 403, headers: flavor, body: 'Missing Metadata-Flavor:Google header.' };
  const known = method === 'GET' && path === '/computeMetadata/v1/instance/service-accounts/default/token';
  const reply = known ? json(200, token) : { status: 404, headers: {}, body: 'not found' };
  return { ...reply, headers: { ...reply.headers, ...flavor } };
};

const formOf = ({ method, headers, body }: CloudCall): URLSearchParams | undefined =>
  method === 'POST' && headers['content-type'] === 'application/x-www-form-urlencoded'
    ? new URLSearchParams(body)
    : undefined;

const has = (form: URLSearchParams, fields: Readonly<Record<string, string>>): boolean =>
  Object.entries(fields).every(([name, value]) => form.get(name) === value);

export interface EntraExpectation {
  readonly tenant: string;
  readonly clientId: string;
  readonly assertion: string;
  readonly token: string;
}
/** The token endpoint of Entra ID for a federated credential. */
export const entraId = (call: CloudCall, expected: EntraExpectation): CloudReply => {
  const form = formOf(call);
  if (form === undefined || call.path !== `/${expected.tenant}/oauth2/v2.0/token`) return json(404, {});
  const complete = has(form, {
    grant_type: 'client_credentials',
    client_id: expected.clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: expected.assertion,
    scope: 'https://containerregistry.azure.net/.default',
  });
  if (complete) return json(200, { token_type: 'Bearer', expires_in: 86_399, access_token: expected.token });
  const description = `AADSTS700213: No matching federated identity record found for ${form.get('client_assertion') ?? ''}`;
  return json(401, { error: 'invalid_client', error_description: description, error_codes: [700_213] });
};

export interface ExchangeExpectation {
  readonly host: string;
  readonly tenant: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}
/** `POST /oauth2/exchange` of an Azure registry. */
export const azureExchange = (call: CloudCall, expected: ExchangeExpectation): CloudReply => {
  const form = formOf(call);
  if (form === undefined || call.path !== '/oauth2/exchange') return json(404, {});
  const complete = has(form, {
    grant_type: 'access_token',
    service: expected.host,
    tenant: expected.tenant,
    access_token: expected.accessToken,
  });
  if (complete) return json(200, { refresh_token: expected.refreshToken });
  return json(401, { errors: [{ code: 'UNAUTHORIZED', message: `bad ${form.get('access_token') ?? ''}` }] });
};

export interface StsExpectation {
  readonly roleArn: string;
  readonly token: string;
  readonly keys: Required<AwsKeys>;
}
/** AssumeRoleWithWebIdentity of STS, which speaks XML. */
export const sts = (call: CloudCall, expected: StsExpectation): CloudReply => {
  const xml = (status: number, body: string): CloudReply => ({
    status,
    headers: { 'content-type': 'text/xml' },
    body,
  });
  const form = formOf(call);
  const complete =
    form !== undefined &&
    call.path === '/' &&
    has(form, {
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: expected.roleArn,
      RoleSessionName: 'imagegate',
      WebIdentityToken: expected.token,
    });
  if (!complete) {
    return xml(
      400,
      `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>InvalidIdentityToken</Code>
    <Message>Token ${form?.get('WebIdentityToken') ?? ''} is not good</Message>
  </Error>
  <RequestId>00000000-0000-0000-0000-000000000000</RequestId>
</ErrorResponse>`,
    );
  }
  const { accessKeyId, secretAccessKey, sessionToken } = expected.keys;
  return xml(
    200,
    `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <Audience>sts.amazonaws.com</Audience>
    <AssumedRoleUser>
      <AssumedRoleId>AROAEXAMPLE:imagegate</AssumedRoleId>
      <Arn>arn:aws:sts::111122223333:assumed-role/gate/imagegate</Arn>
    </AssumedRoleUser>
    <Provider>arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE</Provider>
    <Credentials>
      <AccessKeyId>${accessKeyId}</AccessKeyId>
      <SecretAccessKey>${secretAccessKey}</SecretAccessKey>
      <SessionToken>${sessionToken}</SessionToken>
      <Expiration>2026-01-01T13:00:00Z</Expiration>
    </Credentials>
    <SubjectFromWebIdentityToken>system:serviceaccount:imagegate-system:imagegate</SubjectFromWebIdentityToken>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata>
    <RequestId>ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE</RequestId>
  </ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>
`,
  );
};

/** The agent of EKS Pod Identity. */
export const podIdentityAgent = (
  { method, path, headers }: CloudCall,
  expected: { readonly token: string; readonly keys: Required<AwsKeys> },
): CloudReply => {
  if (method !== 'GET' || path !== '/v1/credentials') return json(404, {});
  if (headers.authorization !== expected.token)
    return { status: 401, body: `bad ${headers.authorization ?? ''}` };
  const { accessKeyId, secretAccessKey, sessionToken } = expected.keys;
  return json(200, {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    Token: sessionToken,
    AccountId: '111122223333',
    Expiration: '2026-01-01T13:00:00Z',
  });
};

export interface EcrExpectation {
  readonly keys: AwsKeys;
  readonly region: string;
  readonly now: number;
  readonly password: string;
  /** Seconds since 1970, as ECR says it. */
  readonly expiresAt: number;
}
/** GetAuthorizationToken of ECR: it reckons the signature over what really arrived. */
export const ecr = ({ method, path, headers, body }: CloudCall, expected: EcrExpectation): CloudReply => {
  const target = 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken';
  const content = 'application/x-amz-json-1.1';
  const asked =
    method === 'POST' &&
    path === '/' &&
    headers['x-amz-target'] === target &&
    headers['content-type'] === content;
  if (!asked) return json(400, { __type: 'UnknownOperationException' });
  const due = signed(
    {
      method,
      host: headers.host ?? '',
      headers: { 'content-type': content, 'x-amz-target': target },
      body,
    },
    { region: expected.region, service: 'ecr', keys: expected.keys, time: expected.now },
  );
  const valid = ['authorization', 'x-amz-date', 'x-amz-security-token'].every(
    (name) => headers[name] === due[name],
  );
  if (!valid) {
    return json(403, { __type: 'InvalidSignatureException', message: `not ${headers.authorization ?? ''}` });
  }
  const authorizationToken = Buffer.from(`AWS:${expected.password}`).toString('base64');
  const proxyEndpoint = `https://111122223333.dkr.ecr.${expected.region}.amazonaws.com`;
  return json(200, {
    authorizationData: [{ authorizationToken, expiresAt: expected.expiresAt, proxyEndpoint }],
  });
};
