import {
  validatorsOf,
  type FeedAnswer,
  type FeedClient,
  type FeedValidators,
} from '../../adapters/advisories/update/feed.ts';
import type { HttpResponse, RegistryHttp } from '../../adapters/registry/http/http.ts';
import { createRegistryHttp } from '../../adapters/registry/http/transport.ts';
import type { ProxySettings } from '../../adapters/registry/network/proxy.ts';
import { defaultSettings } from '../../adapters/registry/settings.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { LoadedDefaults, LoadedFeed } from '../../config/registries/registry-files.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { RegistryFailure } from '../../evidence/ports.ts';

interface ClosableFeedClient extends FeedClient {
  close(): Promise<void>;
}

/** For one file: the largest has hundreds of megabytes. */
const maxDuration = 10 * 60_000;
/** How long a server may be silent. */
const timeout = 60_000;

/** The same guards as for registries: addresses, TLS, proxy, redirects, Retry-After. A row speaks for its own host alone. */
const httpOf = (feed: LoadedFeed, proxy: ProxySettings, defaults: LoadedDefaults): RegistryHttp => {
  const own = feed.url === undefined ? '' : new URL(feed.url).host;
  const everywhere = defaults.ca ?? '';
  const caOf = (host: string): string => everywhere + (host === own ? (feed.ca ?? '') : '');
  return createRegistryHttp({
    settingsOf: (host) => ({
      ...defaultSettings(host),
      configured: true,
      timeout,
      ...(caOf(host) === '' ? {} : { ca: caOf(host) }),
      ...(everywhere === '' ? {} : { proxyCa: everywhere }),
      allowPrivateAddress: host === own && feed.allowPrivateAddress === true,
    }),
    proxy,
    clock: systemClock,
  });
};

const conditionsOf = (known: FeedValidators | undefined): Readonly<Record<string, string>> => ({
  ...(known?.etag === undefined ? {} : { 'if-none-match': known.etag }),
  ...(known?.lastModified === undefined ? {} : { 'if-modified-since': known.lastModified }),
});

const whyFailed = ({ host, why }: RegistryFailure): string => `${host}: ${why}`;

type Asked = Parameters<FeedClient['get']>[2];

const read = async (
  response: HttpResponse,
  host: string,
  { take, maxBytes }: Pick<Asked, 'take' | 'maxBytes'>,
): Promise<Result<FeedAnswer, string>> => {
  const { status, headers } = response;
  if (status !== 200) {
    response.discard();
    const why = `${host} answers ${status}`;
    if (status === 404 || status === 410) return ok({ kind: 'absent', why });
    return status === 304 ? ok({ kind: 'unchanged' }) : fail(why);
  }
  const streamed = await response.stream(maxBytes, async (chunk) => {
    take(chunk);
    return true;
  });
  if (!streamed.ok) return fail(whyFailed(streamed.error));
  return ok({ kind: 'taken', validators: validatorsOf(headers['etag'], headers['last-modified']) });
};

export const createFeedClient = (
  feeds: readonly LoadedFeed[],
  proxy: ProxySettings,
  defaults: LoadedDefaults,
): ClosableFeedClient => {
  const all = new Map(feeds.map((feed) => [feed.name, httpOf(feed, proxy, defaults)]));
  const get: FeedClient['get'] = async ({ name }, url, asked, signal) => {
    const target = new URL(url);
    const answer = await all.get(name)?.send({
      host: target.host,
      target,
      method: 'GET',
      headers: { accept: '*/*', ...conditionsOf(asked.known) },
      stage: 'blob',
      isBulk: true,
      signal: AbortSignal.any([signal, AbortSignal.timeout(maxDuration)]),
    });
    if (answer === undefined) return fail(`there is no feed ${name}`);
    return answer.ok ? read(answer.value, target.host, asked) : fail(whyFailed(answer.error));
  };
  return {
    get,
    close: async () => {
      await Promise.all([...all.values()].map((http) => http.close()));
    },
  };
};
