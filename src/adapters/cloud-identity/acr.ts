import type { Clock } from '../../concurrency/clock.ts';
import { known, unavailable } from '../../core/facts/fact.ts';
import { isJsonObject } from '../../core/text/json/json.ts';
import { parseJson } from '../../core/text/json/parse-json.ts';
import type { Result } from '../../core/result.ts';
import type { CloudIdentity } from '../../evidence/ports.ts';
import { formHeaders, readDocument, readSecret } from './answer.ts';
import type { CloudHttp } from './cloud-http.ts';
import { readTokenFile } from './token-file.ts';

export interface AcrOptions {
  readonly http: CloudHttp;
  readonly clock: Pick<Clock, 'now'>;
  /** `AZURE_CLIENT_ID`, `AZURE_TENANT_ID`, `AZURE_FEDERATED_TOKEN_FILE`, `AZURE_AUTHORITY_HOST`. */
  readonly clientId: string;
  readonly tenantId: string;
  readonly federatedTokenFile: string;
  readonly authorityHost: string;
  /** Where a registry answers: `https://<host>`; another one in tests. */
  readonly registry?: (host: string) => string;
}

const scope = 'https://containerregistry.azure.net/.default';
/** The user name that stands for a refresh token; the nil UUID. */
const tokenUser = '00000000-0000-0000-0000-000000000000';
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** Assumed life of a refresh token whose end cannot be read, in milliseconds. */
const assumedLife = 5 * 60_000;

/**
 * Login servers: `name.azurecr.io` and `name.region.geo.azurecr.io`, also of Azure China and Azure Government.
 *
 * @see https://learn.microsoft.com/en-us/azure/container-registry/container-registry-endpoint-reference
 */
export const isAzureRegistry = (host: string): boolean =>
  /^[a-z\d][-a-z\d]{0,62}(?:\.[a-z\d][-a-z\d]{0,62}\.geo)?\.azurecr\.(?:io|cn|us)$/.test(host);

/**
 * Registries of the cloud whose authority gives out the tokens. Others run Azure China and Azure Government: a tenant
 * who names an image there would otherwise make the gate show them a token of ours (B28).
 */
const suffixOf = (authorityHost: string): string => {
  const { hostname } = new URL(authorityHost);
  if (hostname.endsWith('.cn')) return '.cn';
  return hostname.endsWith('.us') ? '.us' : '.io';
};

/**
 * `exp` of a JWT in milliseconds. The signature is not checked: the time only says when to ask for the next token.
 */
export const expiryOf = (jwt: string): number | undefined => {
  const [, payload = '', signature, ...more] = jwt.split('.');
  if (signature === undefined || more.length > 0 || payload.length > 16 * 1024) return undefined;
  const claims = parseJson(Buffer.from(payload, 'base64url').toString());
  const seconds = isJsonObject(claims) ? claims['exp'] : undefined;
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : undefined;
};

interface TokenRequest {
  readonly step: string;
  readonly url: URL;
  readonly form: Readonly<Record<string, string>>;
  /** Where the token stands in the answer. */
  readonly field: string;
}

/**
 * Workload identity federation: the Pod's projected token for a token of Entra ID (AAD), that one for a refresh token of
 * the registry.
 *
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow (third case: federated)
 * @see https://azure.github.io/acr/AAD-OAuth.html (`POST /oauth2/exchange`)
 */
export const createAcrIdentity = (options: AcrOptions): CloudIdentity => {
  const { http, clock, registry = (host) => `https://${host}` } = options;
  const suffix = suffixOf(options.authorityHost);
  const covers = (host: string): boolean => isAzureRegistry(host) && host.endsWith(suffix);

  const post = async (
    { step, url, form, field }: TokenRequest,
    signal: AbortSignal,
  ): Promise<Result<string, string>> => {
    const body = new URLSearchParams(form).toString();
    const answer = await http.ask(
      { step, url, method: 'POST', headers: formHeaders, body, direct: false },
      signal,
    );
    if (!answer.ok) return answer;
    const document = readDocument(step, answer.value);
    return document.ok ? readSecret(step, document.value, field) : document;
  };

  const entraToken = async (signal: AbortSignal): Promise<Result<string, string>> => {
    const assertion = await readTokenFile('the federated token', options.federatedTokenFile);
    if (!assertion.ok) return assertion;
    const url = new URL(`/${encodeURIComponent(options.tenantId)}/oauth2/v2.0/token`, options.authorityHost);
    const form = {
      grant_type: 'client_credentials',
      client_id: options.clientId,
      client_assertion_type: assertionType,
      client_assertion: assertion.value,
      scope,
    };
    return post({ step: 'Entra ID', url, form, field: 'access_token' }, signal);
  };

  return {
    name: 'ACR',
    covers,
    credential: async (host, signal) => {
      const what = `the Azure identity for ${host}`;
      // It becomes part of an URL that is handed a token.
      if (!covers(host)) return unavailable(what, 'it is no registry of Azure');
      const entra = await entraToken(signal);
      if (!entra.ok) return unavailable(what, entra.error);
      const form = {
        grant_type: 'access_token',
        service: host,
        tenant: options.tenantId,
        access_token: entra.value,
      };
      const url = new URL('/oauth2/exchange', registry(host));
      const step = 'the token exchange of the registry';
      const refresh = await post({ step, url, form, field: 'refresh_token' }, signal);
      if (!refresh.ok) return unavailable(what, refresh.error);
      return known({
        secret: { kind: 'identity-token', username: tokenUser, token: refresh.value },
        expires: expiryOf(refresh.value) ?? clock.now() + assumedLife,
      });
    },
  };
};
