import { isJsonObject, type JsonObject } from '../../core/json.ts';
import type { Clock } from '../../gate/ports.ts';
import type { ApiClient } from './client.ts';
import { VALIDATING_WEBHOOKS } from './client-resource.ts';
import { createWatch, type WatchState, type WatchTiming } from './watch.ts';
import { compareWebhooks } from './webhooks-compare.ts';

export interface WebhookGuardOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** Name of our ValidatingWebhookConfiguration. */
  readonly name: string;
  /**
   * How it should be; its `caBundle` is not read. Asked at every comparison with what was found, because outside of
   * a cluster the URL under which we are called is known to that object alone.
   */
  readonly expected: (found: JsonObject | undefined) => JsonObject;
  /** The CA (PEM) that has to be in every `caBundle`, asked for at every comparison. */
  readonly authority: () => string;
  readonly timing?: Partial<WatchTiming>;
  /** Called when the answer changed, the first one included. */
  readonly onChange?: (integrity: WebhookIntegrity) => void;
}

/** R13. `unknown` until the configuration was looked at once. */
export type WebhookIntegrity =
  | { readonly state: 'unknown' }
  | { readonly state: 'intact'; readonly uid: string }
  | { readonly state: 'missing' | 'altered'; readonly uid?: string; readonly differences: readonly string[] };

export interface WebhookGuard {
  start(): void;
  integrity(): WebhookIntegrity;
  /** Compare again: the CA changed. */
  recheck(): void;
  state(): WatchState;
  close(): Promise<void>;
}

/** Watches our own webhook configuration: whoever removes or weakens it is heard of within seconds. */
export function createWebhookGuard(options: WebhookGuardOptions): WebhookGuard {
  const { name, expected } = options;
  let found: JsonObject | undefined;
  let integrity: WebhookIntegrity = { state: 'unknown' };
  const compare = (): void => {
    const next = judge(name, expected, found, options.authority());
    const same = JSON.stringify(next) === JSON.stringify(integrity);
    integrity = next;
    if (!same) options.onChange?.(next);
  };
  const see = (configuration: JsonObject | undefined): void => {
    found = configuration;
    compare();
  };
  const watch = createWatch<JsonObject>({
    ...options,
    // With the name as selector a role that names the object is enough.
    target: { resource: VALIDATING_WEBHOOKS, fieldSelector: `metadata.name=${name}` },
    read: (object) => (nameOf(object) === name ? object : undefined),
    sink: { replace: (all) => see(all[0]), upsert: see, delete: () => see(undefined) },
  });
  return {
    start: () => watch.start(),
    integrity: () => integrity,
    recheck: () => {
      if (integrity.state !== 'unknown') compare();
    },
    state: () => watch.state(),
    close: () => watch.close(),
  };
}

function judge(
  name: string,
  expected: WebhookGuardOptions['expected'],
  found: JsonObject | undefined,
  authority: string,
): WebhookIntegrity {
  if (found === undefined) {
    const differences = [`the ValidatingWebhookConfiguration ${name} does not exist: nothing is gated`];
    return { state: 'missing', differences };
  }
  const metadata = isJsonObject(found['metadata']) ? found['metadata'] : {};
  const uid = typeof metadata['uid'] === 'string' ? metadata['uid'] : '';
  const differences = compareWebhooks(expected(found), found, authority);
  return differences.length === 0 ? { state: 'intact', uid } : { state: 'altered', uid, differences };
}

function nameOf(object: JsonObject): string {
  const metadata = object['metadata'];
  const name = isJsonObject(metadata) ? metadata['name'] : undefined;
  return typeof name === 'string' ? name : '';
}
