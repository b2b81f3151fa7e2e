import { isJsonObject, type JsonObject } from '../../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { ApiClient } from '../client/client.ts';
import { localProblem, type ApiProblem } from '../client/problem.ts';
import type { ApiTarget } from '../client/resource.ts';
import { fingerprints, normalWebhooks } from './normal-form.ts';
import { metadataOf } from '../../../core/workload/object-metadata.ts';

const maxAttempts = 5;

/**
 * Puts `bundle` (PEM, one or more CAs) into `caBundle` of every webhook of a configuration. Only the Lease
 * holder calls it (R15). Each patch tests the version it was made for, so that a concurrent edit is never undone.
 * @returns whether anything had to be written.
 */
export const patchCaBundle = async (
  client: ApiClient,
  target: ApiTarget,
  bundle: string,
  signal: AbortSignal,
): Promise<Result<boolean, ApiProblem>> => {
  if (fingerprints(bundle).size === 0) {
    return fail(localProblem('Configuration', 'the CA bundle holds no certificate: nothing was written'));
  }
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const found = await client.request({ ...target, verb: 'get' }, signal);
    if (!found.ok) return found;
    const operations = operationsFor(found.value, bundle);
    if (operations.length === 0) return ok(false);
    const patched = await client.request(
      { ...target, verb: 'patch', patch: 'json', body: operations },
      signal,
    );
    if (patched.ok) return ok(true);
    // 409 and 422: changed since we read it (a failed `test` is a 422).
    if (patched.error.status !== 409 && patched.error.status !== 422) return patched;
  }
  return fail(localProblem('BadAnswer', 'the webhook configuration changes faster than it can be patched'));
};

const operationsFor = (configuration: JsonObject, bundle: string): JsonObject[] => {
  const webhooks: unknown = configuration['webhooks'];
  const metadata = metadataOf(configuration);
  const caBundle = Buffer.from(bundle).toString('base64');
  const operations = (Array.isArray(webhooks) ? webhooks : []).flatMap((webhook: unknown, index) => {
    const clientConfig = isJsonObject(webhook) ? webhook['clientConfig'] : undefined;
    if (!isJsonObject(clientConfig) || holdsSame(clientConfig['caBundle'], bundle)) return [];
    return [{ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle }];
  });
  if (operations.length === 0) return [];
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: metadata['resourceVersion'] },
    ...operations,
  ];
};

const holdsSame = (caBundle: unknown, bundle: string): boolean => {
  if (typeof caBundle !== 'string') return false;
  const there = fingerprints(Buffer.from(caBundle, 'base64').toString('utf8'));
  const wanted = fingerprints(bundle);
  return there.size === wanted.size && [...wanted].every((one) => there.has(one));
};

/** Whether `caBundle` of every webhook, and of at least one, holds a certificate (PEM). */
export const isTrustedEverywhere = (configuration: JsonObject | undefined, certificate: string): boolean => {
  const [wanted] = fingerprints(certificate);
  const webhooks = [...normalWebhooks(configuration ?? {}).values()];
  return (
    wanted !== undefined &&
    webhooks.length > 0 &&
    webhooks.every(({ authorities }) => authorities.has(wanted))
  );
};
