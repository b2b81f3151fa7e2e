import { createLruCache } from '../../../concurrency/cache/lru-cache.ts';
import { isDockerHubName } from '../../../core/image/registry-host.ts';
import type { Auth } from '../auth/auth.ts';

/** Hosts whose answers told of a limit. */
const maxHosts = 1000;

/** Docker Hub writes `ratelimit-limit: 100;w=21600`. Without a window it is a limit of requests of any kind. */
const isPullLimit = (header: string | undefined): boolean =>
  header !== undefined && /^\d{1,9};\s?w=\d/.test(header);

/**
 * Which hosts count the manifests that are read by GET, and let nobody read more: Docker Hub, and those that say so as it
 * does. HEAD is free there.
 * @see https://docs.docker.com/docker-hub/usage/pulls/
 */
export const createPullLimits = (
  auth: Auth,
): { readonly auth: Auth; readonly countsPulls: (host: string) => boolean } => {
  const counting = createLruCache<true>({ entries: maxHosts });
  return {
    auth: {
      send: async (request) => {
        const answer = await auth.send(request);
        if (answer.ok && isPullLimit(answer.value.response.headers['ratelimit-limit']))
          counting.set(request.host, true);
        return answer;
      },
    },
    countsPulls: (host) => isDockerHubName(host) || counting.get(host) === true,
  };
};
