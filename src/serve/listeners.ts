import { readFileSync } from 'node:fs';
import type { CertificateSource } from '../adapters/certificate/source.ts';
import { startAdminServer } from '../adapters/webhook/admin-server.ts';
import type { WebhookHandlers } from '../adapters/webhook/handlers.ts';
import { startWebhookServer } from '../adapters/webhook/server.ts';
import type { Config } from '../config/resolve.ts';
import type { Result } from '../core/result.ts';
import { fail, ok } from '../core/result.ts';
import { readinessOf } from '../gate/readiness.ts';
import type { PartState, Readiness } from '../gate/readiness.ts';
import type { Closers } from './closers.ts';
import { clock } from './telemetry.ts';
import type { Watchers } from './telemetry.ts';

/** How long a stop waits for answers under way, in milliseconds. */
const drainAnswers = 8_000;

/** Webhook trouble by kind: what a stranger can cause at will is counted and told at a low level. */
const problemLevels = {
  handshake: 'debug',
  connection: 'debug',
  'connection-limit': 'warn',
  'caller-refused': 'warn',
  handler: 'error',
} as const;

const clientRequirement = (
  config: Config,
): Result<{ ca: string; name: string } | undefined, readonly string[]> => {
  const file = config.clientCa.value;
  if (file === undefined) return ok(undefined);
  try {
    return ok({ ca: readFileSync(file, 'utf8'), name: config.clientName.value });
  } catch (error) {
    return fail([
      `--client-ca ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
};

/** What is served, and by whom. */
export interface Parts {
  readonly handlers: WebhookHandlers;
  readonly certificate: CertificateSource;
  readonly states: () => readonly PartState[];
}

/** Both listeners are open: requests are answered, with denials until the gate is ready. */
export interface Listeners {
  readonly line: string;
  readonly readiness: () => Readiness;
}

/** Opens both listeners. */
export const listenOn = async (
  config: Config,
  { handlers, certificate, states }: Parts,
  { log, metrics }: Watchers,
  closers: Closers,
): Promise<Result<Listeners, readonly string[]>> => {
  const client = clientRequirement(config);
  if (!client.ok) return client;
  if (client.value === undefined) {
    log.warn('callers are not verified: anybody who reaches the port may ask; use --client-ca', {});
  }
  let draining = false;
  const server = await startWebhookServer({
    listen: config.listen.value,
    certificate: certificate.current(),
    ...(client.value === undefined ? {} : { client: client.value }),
    handlers,
    clock,
    onProblem: ({ kind, message, error }) => log[problemLevels[kind]](message, { kind, error }),
  });
  if (!server.ok) return fail([`--listen: ${server.error}`]);
  const readiness = () => {
    const now = readinessOf(states(), draining);
    metrics.set('ready', now.ready ? 1 : 0);
    return now;
  };
  metrics.onScrape(() => void readiness());
  const admin = await startAdminServer(
    config.admin.value,
    { readiness, metrics: () => metrics.render() },
    (error) => log.error('the admin listener failed', { error }),
  );
  if (!admin.ok) {
    await server.value.drain(0);
    return fail([`--admin: ${admin.error}`]);
  }
  const forget = certificate.onChange((material) => {
    const swapped = server.value.swapCertificate(material);
    if (swapped.ok)
      log.info('serving certificate replaced', { expires: new Date(material.expiresAt).toISOString() });
    else log.error('the new serving certificate cannot be used', { problem: swapped.error });
  });
  closers.add(async () => {
    draining = true;
    forget();
    await server.value.drain(drainAnswers);
    await admin.value.close();
  });
  return ok({ line: `ready ${server.value.url} admin ${admin.value.url}`, readiness });
};
