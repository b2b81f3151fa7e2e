import { followClientCa, readClientCaFile } from '../adapters/certificate/client-ca-file.ts';
import type { CertificateSource } from '../adapters/certificate/source.ts';
import { startAdminServer } from '../adapters/webhook/server/admin-server.ts';
import { readClientCa } from '../adapters/webhook/server/caller.ts';
import type { OnProblem, WebhookHandlers } from '../adapters/webhook/handlers.ts';
import { createProblemReport } from '../adapters/webhook/server/problem-report.ts';
import { startWebhookServer, type WebhookServer } from '../adapters/webhook/server/server.ts';
import type { Config } from '../config/resolved.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { readinessOf, type PartState, type Readiness } from '../gate/readiness.ts';
import type { Lifecycle } from './lifecycle.ts';
import { systemClock } from '../concurrency/clock.ts';
import type { Telemetry } from './telemetry.ts';

/**
 * How long a stop waits for answers under way, in milliseconds: as long as the longest review by default. A caller
 * that grants more with `?timeout=` is cut off.
 */
const drainAnswers = 10_000;

/** The parts that the listeners serve. */
interface Parts {
  readonly handlers: WebhookHandlers;
  readonly certificate: CertificateSource;
  readonly states: () => readonly PartState[];
}

/** Both listeners are open: requests are answered, with denials until the gate is ready. */
export interface Listeners {
  readonly line: string;
  readonly readiness: () => Readiness;
}

/** Counts and logs problems of the webhook. A defect counts as one of the gate. */
const reportTo = ({ log, metrics }: Telemetry): OnProblem =>
  createProblemReport({
    log,
    count: (kind, defect) => {
      metrics.count('problems', { kind });
      if (defect) metrics.count('bugs');
    },
    clock: systemClock,
  });

/** Gives each new certificate to the server. Returns a function that ends it. */
const followCertificate = (
  certificate: CertificateSource,
  server: WebhookServer,
  log: Telemetry['log'],
): (() => void) =>
  certificate.onChange((material) => {
    const swapped = server.swapCertificate(material);
    if (swapped.ok)
      log.info('serving certificate replaced', { expires: new Date(material.expiresAt).toISOString() });
    else log.error('the new serving certificate cannot be used', { problem: swapped.error });
  });

/** Opens both listeners. */
export const listenOn = async (
  config: Config,
  { handlers, certificate, states }: Parts,
  { log, metrics }: Telemetry,
  lifecycle: Lifecycle,
): Promise<Result<Listeners, readonly string[]>> => {
  const { clientCa, clientName } = config;
  const known =
    clientCa.value === undefined ? ok(undefined) : await readClientCaFile(clientCa.value, readClientCa);
  if (!known.ok) return known;
  const clientOf = (ca: string) => ({ ca, name: clientName.value });
  if (known.value === undefined) {
    log.warn('callers are not verified: anybody who reaches the port may ask; use --client-ca', {});
  }
  let draining = false;
  const onProblem = reportTo({ log, metrics });
  const server = await startWebhookServer({
    listen: config.listen.value,
    certificate: certificate.current(),
    ...(known.value === undefined ? {} : { client: clientOf(known.value.ca) }),
    handlers,
    clock: systemClock,
    onProblem,
  });
  if (!server.ok) return fail([`--listen: ${server.error}`]);
  const readiness = () => {
    const now = readinessOf(states(), draining);
    metrics.set('ready', now.ready ? 1 : 0);
    return now;
  };
  metrics.onScrape(() => {
    readiness();
    metrics.set('bodiesInFlight', server.value.bytesInFlight());
    metrics.set('connections', server.value.connections());
  });
  const admin = await startAdminServer({
    listen: config.admin.value,
    handlers: { readiness, metrics: () => metrics.render() },
    clock: systemClock,
    onProblem: (error) => log.error('the admin listener failed', { error }),
    onLimit: (message) => onProblem({ kind: 'connection-limit', message: `the admin listener: ${message}` }),
  });
  if (!admin.ok) {
    await server.value.drain(0);
    return fail([`--admin: ${admin.error}`]);
  }
  const forget = followCertificate(certificate, server.value, log);
  const unfollow =
    known.value === undefined
      ? undefined
      : followClientCa(known.value, (ca) => server.value.swapClient(clientOf(ca)), log);
  lifecycle.add(async () => {
    draining = true;
    forget();
    unfollow?.();
    await server.value.drain(drainAnswers);
    await admin.value.close();
  });
  return ok({ line: `ready ${server.value.url} admin ${admin.value.url}`, readiness });
};
