import { isJsonObject, type JsonObject } from '../../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { ApiClient } from '../client/client.ts';
import { type ApiProblem, localProblem } from '../client/problem.ts';
import type { ApiTarget } from '../client/resource.ts';

/** The resource that is listed and watched. */
export interface WatchTarget extends Pick<ApiTarget, 'resource' | 'namespace'> {
  /** e.g. `metadata.name=imagegate`: with it a Role that names the object is enough. */
  readonly fieldSelector?: string;
  /** Labels and owners only: spec and status never travel. */
  readonly metadataOnly?: boolean;
}

interface Listed<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

const pageSize = 500;
const maxRestarts = 4;

/**
 * Reads the whole list in pages. A continue token that expired (410) starts the list over; a page beyond the
 * byte cap starts it over with smaller pages, so that large objects slow the list down but never stop it.
 */
export const listAll = async <T>(
  client: ApiClient,
  target: WatchTarget,
  read: (object: JsonObject) => T | undefined,
  signal: AbortSignal,
): Promise<Result<Listed<T>, ApiProblem>> => {
  let limit = pageSize;
  let last: ApiProblem = localProblem('BadAnswer', 'the list was never read');
  for (let attempt = 0; attempt < maxRestarts; attempt++) {
    const listed = await listOnce(client, target, { limit, read }, signal);
    if (listed.ok) return listed;
    last = listed.error;
    if (last.reason === 'TooLarge') limit = Math.max(1, Math.floor(limit / 8));
    else if (last.status !== 410) break;
  }
  return fail(last);
};

const listOnce = async <T>(
  client: ApiClient,
  target: WatchTarget,
  page: { readonly limit: number; readonly read: (object: JsonObject) => T | undefined },
  signal: AbortSignal,
): Promise<Result<Listed<T>, ApiProblem>> => {
  const items: T[] = [];
  let token: string | undefined;
  for (;;) {
    const query = {
      limit: String(page.limit),
      ...selectorsOf(target),
      ...(token ? { continue: token } : {}),
    };
    const answer = await client.request({ ...target, verb: 'list', query }, signal);
    if (!answer.ok) return answer;
    const { metadata, items: objects } = answer.value;
    if (!isJsonObject(metadata) || typeof metadata['resourceVersion'] !== 'string') {
      return fail(
        localProblem('BadAnswer', `the list of ${target.resource.resource} has no resourceVersion`),
      );
    }
    for (const object of Array.isArray(objects) ? (objects as readonly unknown[]) : []) {
      const item = isJsonObject(object) ? page.read(object) : undefined;
      if (item !== undefined) items.push(item);
    }
    token = typeof metadata['continue'] === 'string' ? metadata['continue'] : undefined;
    if (!token) return ok({ items, resourceVersion: metadata['resourceVersion'] });
  }
};

export const selectorsOf = ({ fieldSelector }: WatchTarget): Record<string, string> =>
  fieldSelector === undefined ? {} : { fieldSelector };
