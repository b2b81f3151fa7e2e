import type { Clock } from '../../../concurrency/clock.ts';
import { textOf, type JsonObject } from '../../../core/text/json/json.ts';
import type { ApiClient } from '../client/client.ts';
import {
  mutatingWebhooksResource,
  validatingWebhooksResource,
  type ApiResource,
} from '../client/resource.ts';
import { createWatch } from '../watch/watch.ts';
import type { WatchState, WatchTiming } from '../watch/options.ts';
import { compareWebhooks } from './compare.ts';
import { metadataOf } from '../../../core/workload/object-metadata.ts';

export type WebhookConfigurationKind = 'ValidatingWebhookConfiguration' | 'MutatingWebhookConfiguration';

export const webhookResources: Readonly<Record<WebhookConfigurationKind, ApiResource>> = {
  ValidatingWebhookConfiguration: validatingWebhooksResource,
  MutatingWebhookConfiguration: mutatingWebhooksResource,
};

interface WebhookGuardOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly kind: WebhookConfigurationKind;
  /** Name of our configuration. */
  readonly name: string;
  /** What can happen while it is missing. */
  readonly withoutIt: string;
  /**
   * The expected configuration; its `caBundle` is not read. Called at every comparison with the found one, because
   * outside of a cluster only that object knows the URL of the gate.
   */
  readonly expected: (found: JsonObject | undefined) => JsonObject;
  /** The CA (PEM) that has to be in every `caBundle`, asked for at every comparison. */
  readonly authority: () => string;
  readonly timing?: Partial<WatchTiming>;
  /** Milliseconds for which a difference must last before it is told: the gate itself writes this configuration. */
  readonly settle?: number;
  /** The configuration was read, or changed. */
  readonly onSeen?: () => void;
  /** Called when the answer changed, the first one included. */
  readonly onChange?: (integrity: WebhookIntegrity) => void;
}

/** R13. `unknown` until the configuration was read once. */
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

/**
 * Watches one of the gate's own webhook configurations, and reports within seconds when it is removed or weakened.
 */
export const createWebhookGuard = (options: WebhookGuardOptions): WebhookGuard => {
  const { kind, name } = options;
  let found: JsonObject | undefined;
  let integrity: WebhookIntegrity = { state: 'unknown' };
  let settling: NodeJS.Timeout | undefined;
  const stopSettling = (): void => {
    clearTimeout(settling);
    settling = undefined;
  };
  const settled = (): void => {
    settling = undefined;
    tell(judge(options, found));
  };
  const compare = (): void => {
    const next = judge(options, found);
    const isNewDifference = next.state === 'altered' && integrity.state !== 'altered';
    if (isNewDifference && options.settle !== undefined) {
      settling ??= setTimeout(settled, options.settle);
      settling.unref();
      return;
    }
    stopSettling();
    tell(next);
  };
  const tell = (next: WebhookIntegrity): void => {
    const same = JSON.stringify(next) === JSON.stringify(integrity);
    integrity = next;
    if (!same) options.onChange?.(next);
  };
  const see = (configuration: JsonObject | undefined): void => {
    found = configuration;
    compare();
    options.onSeen?.();
  };
  const watch = createWatch<JsonObject>({
    ...options,
    // With the name as selector a role that names the object is enough.
    target: { resource: webhookResources[kind], fieldSelector: `metadata.name=${name}` },
    read: (object) => (metadataOf(object)['name'] === name ? object : undefined),
    sink: { replace: (all) => see(all[0]), upsert: see, delete: () => see(undefined) },
  });
  return {
    start: () => watch.start(),
    integrity: () => integrity,
    recheck: () => {
      if (integrity.state !== 'unknown') compare();
    },
    state: () => watch.state(),
    close: async () => {
      stopSettling();
      await watch.close();
    },
  };
};

const judge = (
  { kind, name, withoutIt, expected, authority }: WebhookGuardOptions,
  found: JsonObject | undefined,
): WebhookIntegrity => {
  if (found === undefined) {
    return { state: 'missing', differences: [`the ${kind} ${name} does not exist: ${withoutIt}`] };
  }
  const uid = textOf(metadataOf(found)['uid']);
  const differences = compareWebhooks(expected(found), found, authority());
  return differences.length === 0 ? { state: 'intact', uid } : { state: 'altered', uid, differences };
};
