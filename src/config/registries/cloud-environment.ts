import { fail, ok, type Result } from '../../core/result.ts';
import type { Environment } from '../sources/environment.ts';
import { readEnvironment } from '../sources/load.ts';

export type CloudName = 'gar' | 'acr' | 'ecr';

/** What the workload identity webhook of Azure sets for a Pod. */
interface AzureEnvironment {
  readonly clientId: string;
  readonly tenantId: string;
  readonly federatedTokenFile: string;
  /** By default `https://login.microsoftonline.com/`. */
  readonly authorityHost: string;
}

/** How this process proves to AWS who it is: "IAM roles for service accounts", or EKS Pod Identity. */
type AwsEnvironment =
  | {
      readonly kind: 'web-identity';
      readonly roleArn: string;
      readonly tokenFile: string;
      readonly region: string;
      readonly sessionName: string;
    }
  | { readonly kind: 'container'; readonly uri: string; readonly tokenFile?: string };

/** What the identities that were switched on need; a key is there exactly when its identity is. */
interface CloudEnvironment {
  readonly gar?: Readonly<Record<string, never>>;
  readonly acr?: AzureEnvironment;
  readonly ecr?: AwsEnvironment;
}

const value = (environment: Environment, name: string): string | undefined => {
  const text = environment[name]?.trim();
  return text === '' ? undefined : text;
};

/** The named variables, or which of them are missing. */
const needed = <const N extends string>(
  environment: Environment,
  names: readonly N[],
): Result<Readonly<Record<N, string>>, readonly N[]> => {
  const missing = names.filter((name) => value(environment, name) === undefined);
  if (missing.length > 0) return fail(missing);
  return ok(
    Object.fromEntries(names.map((name) => [name, value(environment, name) ?? ''])) as Record<N, string>,
  );
};

const azure = (environment: Environment): Result<AzureEnvironment, string> => {
  const found = needed(environment, ['AZURE_CLIENT_ID', 'AZURE_TENANT_ID', 'AZURE_FEDERATED_TOKEN_FILE']);
  if (!found.ok) {
    return fail(
      `acr: ${found.error.join(', ')} not set; label the Pod azure.workload.identity/use=true and annotate its service account`,
    );
  }
  // It becomes part of an URL: with a slash in it the federated token would go to another path.
  if (!/^[-.A-Za-z\d]{1,253}$/.test(found.value.AZURE_TENANT_ID)) {
    return fail('acr: AZURE_TENANT_ID is no tenant: an id or a domain is expected');
  }
  const authority = URL.parse(
    value(environment, 'AZURE_AUTHORITY_HOST') ?? 'https://login.microsoftonline.com/',
  );
  if (authority?.protocol !== 'https:') return fail('acr: AZURE_AUTHORITY_HOST is no https URL');
  return ok({
    clientId: found.value.AZURE_CLIENT_ID,
    tenantId: found.value.AZURE_TENANT_ID,
    federatedTokenFile: found.value.AZURE_FEDERATED_TOKEN_FILE,
    authorityHost: authority.origin,
  });
};

const webIdentity = (environment: Environment): Result<AwsEnvironment, string> => {
  const region = value(environment, 'AWS_REGION') ?? value(environment, 'AWS_DEFAULT_REGION');
  const found = needed(environment, ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE']);
  if (!found.ok) return fail(`ecr: ${found.error.join(', ')} not set`);
  if (region === undefined) return fail('ecr: AWS_REGION not set; it says which STS is asked');
  return ok({
    kind: 'web-identity',
    roleArn: found.value.AWS_ROLE_ARN,
    tokenFile: found.value.AWS_WEB_IDENTITY_TOKEN_FILE,
    region,
    sessionName: value(environment, 'AWS_ROLE_SESSION_NAME') ?? 'imagegate',
  });
};

/** Web identity first, as the AWS SDKs have it. */
const aws = (environment: Environment): Result<AwsEnvironment, string> => {
  const uri = value(environment, 'AWS_CONTAINER_CREDENTIALS_FULL_URI');
  if (value(environment, 'AWS_WEB_IDENTITY_TOKEN_FILE') !== undefined) return webIdentity(environment);
  if (uri === undefined) {
    return fail(
      'ecr: neither AWS_WEB_IDENTITY_TOKEN_FILE nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set; give the service account of the gate a role (IRSA) or a Pod Identity association',
    );
  }
  const tokenFile = value(environment, 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE');
  return ok({ kind: 'container', uri, ...(tokenFile === undefined ? undefined : { tokenFile }) });
};

/**
 * Reads what the identities of `cloudIdentities` need from the environment, or says what is missing. An identity that
 * could never work is reported at the start, not at the first pull.
 */
export const readCloudEnvironment = (
  identities: readonly CloudName[],
  environment: Environment = readEnvironment(),
): Result<CloudEnvironment, readonly string[]> => {
  const acr = identities.includes('acr') ? azure(environment) : ok(undefined);
  const ecr = identities.includes('ecr') ? aws(environment) : ok(undefined);
  if (!acr.ok || !ecr.ok) return fail([acr, ecr].flatMap((each) => (each.ok ? [] : [each.error])));
  return ok({
    ...(identities.includes('gar') ? { gar: {} } : undefined),
    ...(acr.value === undefined ? undefined : { acr: acr.value }),
    ...(ecr.value === undefined ? undefined : { ecr: ecr.value }),
  });
};
