import { policyApiVersion } from '../../../core/policy/schema/schema.ts';
import type { ApiClient } from '../client/client.ts';
import type { WatchState } from '../watch/options.ts';

/** Why objects of one of the gate's own kinds were not listed so far, in words. `what`: what people call them. */
export const whyNotListed = (
  { what, kind }: { readonly what: string; readonly kind: string },
  { lastError }: WatchState,
  { server }: ApiClient,
): string => {
  if (lastError === undefined) return `the ${what} of ${server} have not been listed yet`;
  if (lastError.status === 404)
    return `${server} knows no ${kind} (${policyApiVersion}): apply the output of \`imagegate manifests\``;
  return `the ${what} cannot be listed: ${lastError.message}`;
};
