import type { JsonObject } from '../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { isHeaderText, readDocument, readSecret, refusal } from './answer.ts';
import { isRegion, stsEndpoint } from './aws-host.ts';
import type { CloudAnswer, CloudHttp } from './cloud-http.ts';
import type { AwsKeys } from './sigv4.ts';
import { readTokenFile } from './token-file.ts';
import { readXmlLeaves } from './xml-leaves.ts';

/** "IAM roles for service accounts": `AWS_ROLE_ARN`, `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_REGION`. */
export interface WebIdentity {
  readonly kind: 'web-identity';
  readonly roleArn: string;
  readonly tokenFile: string;
  readonly region: string;
  readonly sessionName: string;
}
/** EKS Pod Identity: `AWS_CONTAINER_CREDENTIALS_FULL_URI`, `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`. */
export interface ContainerIdentity {
  readonly kind: 'container';
  readonly uri: string;
  readonly tokenFile?: string;
}

interface AwsKeyOptions {
  readonly http: CloudHttp;
  readonly identity: WebIdentity | ContainerIdentity;
  /** `https://sts.<region>.amazonaws.com`; another one in tests. */
  readonly sts?: (region: string) => string;
}

/** Temporary keys of the role that this process has. */
export type ReadAwsKeys = (signal: AbortSignal) => Promise<Result<AwsKeys, string>>;

const stsStep = 'STS';
const agentStep = 'the agent of EKS Pod Identity';

const errorOf = (answer: CloudAnswer): string => {
  const leaves = readXmlLeaves(answer.text);
  const code = leaves.ok ? leaves.value.get('ErrorResponse/Error/Code') : undefined;
  return refusal(stsStep, answer, code !== undefined && /^\w{1,48}$/.test(code) ? code : undefined);
};

const keysFromXml = (answer: CloudAnswer): Result<AwsKeys, string> => {
  if (answer.status !== 200) return fail(errorOf(answer));
  const leaves = readXmlLeaves(answer.text);
  if (!leaves.ok) return fail(`${stsStep} answered with what cannot be read: ${leaves.error}`);
  const at = (name: string): string =>
    leaves.value.get(
      `AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/${name}`,
    ) ?? '';
  const [accessKeyId, secretAccessKey, sessionToken] = [
    at('AccessKeyId'),
    at('SecretAccessKey'),
    at('SessionToken'),
  ];
  return [accessKeyId, secretAccessKey, sessionToken].every(isHeaderText)
    ? ok({ accessKeyId, secretAccessKey, sessionToken })
    : fail(`${stsStep} answered without usable keys`);
};

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
const assumeRole = async (
  { http, sts = stsEndpoint }: AwsKeyOptions,
  identity: WebIdentity,
  signal: AbortSignal,
): Promise<Result<AwsKeys, string>> => {
  if (!isRegion(identity.region)) return fail('AWS_REGION is no region of AWS, so STS was not asked');
  const token = await readTokenFile('the web identity token', identity.tokenFile);
  if (!token.ok) return token;
  const body = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: identity.roleArn,
    RoleSessionName: identity.sessionName,
    WebIdentityToken: token.value,
  }).toString();
  const answer = await http.ask(
    {
      step: stsStep,
      url: new URL('/', sts(identity.region)),
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/xml' },
      body,
      direct: false,
    },
    signal,
  );
  return answer.ok ? keysFromXml(answer.value) : answer;
};

/** Addresses of the agents of EKS and ECS, besides loopback. */
const agents = new Set(['169.254.170.23', '[fd00:ec2::23]', '169.254.170.2', '[::1]']);

/**
 * Over plain HTTP only agents of this machine are asked. The request carries the token of the Pod, and an attacker
 * who can set the variable must not be able to send it elsewhere. Names are refused, since DNS decides where they
 * lead.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export const agentUrl = (uri: string): URL | undefined => {
  const url = URL.parse(uri);
  if (url === null || url.username !== '' || url.password !== '') return undefined;
  if (url.protocol === 'https:') return url;
  const isAgent = agents.has(url.hostname) || /^127(?:\.\d{1,3}){3}$/.test(url.hostname);
  return url.protocol === 'http:' && isAgent ? url : undefined;
};

const keysFromJson = (document: JsonObject): Result<AwsKeys, string> => {
  const accessKeyId = readSecret(agentStep, document, 'AccessKeyId');
  const secretAccessKey = readSecret(agentStep, document, 'SecretAccessKey');
  const sessionToken = readSecret(agentStep, document, 'Token');
  if (!accessKeyId.ok) return accessKeyId;
  if (!secretAccessKey.ok) return secretAccessKey;
  if (!sessionToken.ok) return sessionToken;
  return ok({
    accessKeyId: accessKeyId.value,
    secretAccessKey: secretAccessKey.value,
    sessionToken: sessionToken.value,
  });
};

const askAgent = async (
  { http }: AwsKeyOptions,
  { uri, tokenFile }: ContainerIdentity,
  signal: AbortSignal,
): Promise<Result<AwsKeys, string>> => {
  const url = agentUrl(uri);
  if (url === undefined) {
    return fail(
      'AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor the address of an agent, so it was not asked',
    );
  }
  const token =
    tokenFile === undefined ? ok(undefined) : await readTokenFile('the Pod Identity token', tokenFile);
  if (!token.ok) return token;
  const headers = {
    accept: 'application/json',
    ...(token.value === undefined ? undefined : { authorization: token.value }),
  };
  const answer = await http.ask({ step: agentStep, url, method: 'GET', headers, direct: true }, signal);
  if (!answer.ok) return answer;
  const document = readDocument(agentStep, answer.value);
  return document.ok ? keysFromJson(document.value) : document;
};

export const createAwsKeys =
  (options: AwsKeyOptions): ReadAwsKeys =>
  (signal) =>
    options.identity.kind === 'web-identity'
      ? assumeRole(options, options.identity, signal)
      : askAgent(options, options.identity, signal);
