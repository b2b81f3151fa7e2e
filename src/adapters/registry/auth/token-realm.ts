import { shown, shownName } from '../../../core/text/shown-text.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Remark } from '../client/failure.ts';
import { defaultSettings, type RegistrySettings } from '../settings.ts';

/**
 * Token servers that well-known registries have on another host than their own, as their `WWW-Authenticate` names them
 * (looked at in November 2026). Not here, because their realm is on the registry's own host: ghcr.io, quay.io, gcr.io
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

/** A host as a URL writes it: without the port that its scheme has anyway. */
const asInUrl = (host: string, protocol: string): string => parse(`${protocol}//${host}`)?.host ?? host;

/** A realm that may be asked for a token, and whether it may see the credential of the registry. */
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

/** The rights that a registry would borrow from the row of its token server. */
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
 * What the rows of others open is open to no registry that has not the like itself, unless it is listed: it could look
 * around inside by the answers (B26), or borrow a client certificate (B28), as by a redirect.
 * @param settingsOf - the row of a host
 * @returns why it is not asked at all
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

/** Advice about a realm that was not shown the credential. */
export const remarkOnRealm = ({ url }: TokenRealm, host: string): Remark => {
  const server = shownName(url.host);
  return {
    why: `the login was not shown: the token server ${server} is not known to belong to ${shownName(host)}`,
    remedy: `if it is the right one, list ${server} under tokenRealms of ${shownName(host)} in the configuration`,
  };
};
