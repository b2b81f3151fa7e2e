import { shown, shownName } from '../../../core/text/shown-text.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Remark } from '../client/failure.ts';
import { defaultSettings, type RegistrySettings } from '../settings.ts';

/**
 * Token servers of well-known registries on other hosts than the registry, as their `WWW-Authenticate` named them in
 * November 2026. Not here, because their realm is on the registry's own host: ghcr.io, quay.io, gcr.io
 * and `*.pkg.dev`, mcr.microsoft.com and `*.azurecr.io`, public.ecr.aws, registry.redhat.io, nvcr.io, cgr.dev, dhi.io,
 * `*.ocir.io`, Harbor, Gitea and Forgejo. A GitLab of one's own has `tokenRealms: [gitlab.example.com]`.
 */
const wellKnownRealms = new Map([
  ['docker.io', ['auth.docker.io']],
  ['registry-1.docker.io', ['auth.docker.io']],
  ['registry.gitlab.com', ['gitlab.com']],
  ['registry.digitalocean.com', ['api.digitalocean.com']],
  ['docker.elastic.co', ['docker-auth.elastic.co']],
  ['rg.fr-par.scw.cloud', ['api.scaleway.com']],
  ['rg.nl-ams.scw.cloud', ['api.scaleway.com']],
  ['rg.pl-waw.scw.cloud', ['api.scaleway.com']],
]);

const maxRealmLength = 2048;

const parse = (text: string): URL | undefined => {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
};

/** A host as a URL writes it: without the default port of its scheme. */
const asInUrl = (host: string, protocol: string): string => parse(`${protocol}//${host}`)?.host ?? host;

/** A realm that the gate asks for a token, and whether it may see the credential of the registry. */
export interface TokenRealm {
  readonly url: URL;
  readonly isTrusted: boolean;
  /** Whether it is on the host and port of the registry itself. */
  readonly isOwn: boolean;
}

const whyNotAsked = (url: URL, { plainHttp }: RegistrySettings, own: URL | undefined): string | undefined => {
  const where = shown(url.host);
  if (url.username !== '' || url.password !== '')
    return `the address of its token server holds a user (${where})`;
  if (url.protocol === 'https:') return undefined;
  if (url.protocol !== 'http:') return 'the address of its token server is not an https one';
  if (plainHttp && own?.hostname === url.hostname) return undefined;
  return `its token server ${where} is to be asked over plain HTTP, which is done only on the same host as a registry with plainHttp`;
};

/** The rights in the row of a token server that its registry would borrow. */
const whyBorrowed = (own: RegistrySettings, realm: RegistrySettings): string | undefined => {
  if (realm.allowPrivateAddress && !own.allowPrivateAddress) return 'lies inside, and it may not itself';
  return realm.client !== undefined && own.client === undefined
    ? 'is shown a client certificate, and it is shown none itself'
    : undefined;
};

/**
 * Judges the realm that a registry names (B28; CVE-2025-27403 Ratify, CVE-2024-35192 Trivy: credentials handed to whatever
 * token server a registry pointed to). Only https is asked; plain HTTP when the row of the registry has `plainHttp` and
 * the realm lies on the same host name. It sees the credential when its host and port are the registry's own, or are
 * listed for it, here or in `tokenRealms`; every other realm is asked anonymously.
 *
 * A realm that is not listed must not have more rights in its own row than the registry has. Attack: a registry names an
 * internal host as its realm and learns from the answers what lies there (B26), or uses the gate's client certificate
 * (B28).
 * @param settingsOf - the row of a host
 * @returns the error says why the realm is not asked at all
 */
export const checkRealm = (
  text: string,
  settings: RegistrySettings,
  settingsOf: (host: string) => RegistrySettings = defaultSettings,
): Result<TokenRealm, string> => {
  const url = text.length <= maxRealmLength ? parse(text) : undefined;
  if (url === undefined) return fail('its token server has no readable address');
  const own = parse(`${url.protocol}//${settings.host}`);
  const why = whyNotAsked(url, settings, own);
  if (why !== undefined) return fail(why);
  const listed = [...(wellKnownRealms.get(settings.host) ?? []), ...settings.tokenRealms];
  const isListed = listed.some((host) => asInUrl(host.toLowerCase(), url.protocol) === url.host);
  url.hash = '';
  const isOwn = url.host === own?.host;
  const borrowed = isOwn || isListed ? undefined : whyBorrowed(settings, settingsOf(url.host));
  if (borrowed !== undefined) {
    return fail(
      `its token server ${shownName(url.host)} ${borrowed}; if it is the right one, list it under tokenRealms`,
    );
  }
  return ok({ url, isTrusted: isOwn || isListed, isOwn });
};

/** Advice about a realm that may not see the credential. */
export const remarkOnRealm = ({ url }: TokenRealm, host: string): Remark => {
  const server = shownName(url.host);
  return {
    why: `the login was not shown: the token server ${server} is not known to belong to ${shownName(host)}`,
    remedy: `if it is the right one, list ${server} under tokenRealms of ${shownName(host)} in the configuration`,
  };
};
