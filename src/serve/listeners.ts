import { readFile, stat } from 'node:fs/promises';
import type { CertificateSource } from '../adapters/certificate/source.ts';
import { startAdminServer } from '../adapters/webhook/admin-server.ts';
import { readClientCa } from '../adapters/webhook/caller.ts';
import type { WebhookHandlers } from '../adapters/webhook/handlers.ts';
import { createProblemReport } from '../adapters/webhook/problem-report.ts';
import { startWebhookServer } from '../adapters/webhook/server.ts';
import type { Config } from '../config/resolve.ts';
import type { Result } from '../core/result.ts';
import { fail, ok } from '../core/result.ts';
import { readinessOf } from '../gate/readiness.ts';
import type { PartState, Readiness } from '../gate/readiness.ts';
import type { Closers } from './closers.ts';
import { clock } from './telemetry.ts';
import type { Watchers } from './telemetry.ts';

/**
 * How long a stop waits for answers under way, in milliseconds: as long as the longest review by default. A caller
 * that grants more with `?timeout=` is cut off.
 */
const drainAnswers = 10_000;

/** Milliseconds between looks at the file of `--client-ca`. */
const lookEvery = 2_000;

const why = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Changes whenever the file does; a mounted ConfigMap changes by a link to another file. */
const stampOf = async (file: string): Promise<string> => {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file);
    return [ino, size, mtimeMs, ctimeMs].join(' ');
  } catch (error) {
    return why(error);
  }
};

const readCa = async (file: string): Promise<Result<string, string>> => {
  try {
    const text = await readFile(file, 'utf8');
    const certificates = readClientCa(text);
    return certificates.ok ? ok(text) : fail(`${file} ${certificates.error}`);
  } catch (error) {
    return fail(`${file} cannot be read: ${why(error)}`);
  }
};

/** A file with a client CA as it was read, and when that was. */
export interface ClientCaFile {
  readonly file: string;
  readonly ca: string;
  readonly stamp: string;
}

/** Reads the file of `--client-ca`; a gate that should know its callers and cannot does not start. */
export const readClientCaFile = async (file: string): Promise<Result<ClientCaFile, readonly string[]>> => {
  // Before the text: what changes in between is found by the next look.
  const stamp = await stampOf(file);
  const ca = await readCa(file);
  return ca.ok ? ok({ file, ca: ca.value, stamp }) : fail([`--client-ca ${ca.error}`]);
};

/**
 * Follows the file of `--client-ca`. A change counts when the file was the same at two looks, since it may be half
 * written at the first. A file that cannot be used is told once and the CA before it stays: the gate is never open
 * because of it. Returns what ends the looking.
 */
export const followClientCa = (
  first: ClientCaFile,
  swap: (ca: string) => Result<void, string>,
  log: Watchers['log'],
  every = lookEvery,
): (() => void) => {
  let { stamp, ca } = first;
  let candidate = stamp;
  let told: string | undefined;
  const apply = async (): Promise<Result<void, string>> => {
    const read = await readCa(first.file);
    if (!read.ok || read.value === ca) return read.ok ? ok(undefined) : read;
    const swapped = swap(read.value);
    if (!swapped.ok) return swapped;
    ca = read.value;
    log.info('client CA replaced', { file: first.file });
    return swapped;
  };
  const look = async (): Promise<void> => {
    const found = await stampOf(first.file);
    const settled = found === candidate;
    candidate = found;
    if (!settled) return;
    const applied = found === stamp ? ok(undefined) : await apply();
    if (applied.ok) stamp = found;
    else if (applied.error !== told) {
      log.error('the file of --client-ca cannot be used; the CA before it stays', { problem: applied.error });
    }
    told = applied.ok ? undefined : applied.error;
  };
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  }, every).unref();
  return () => clearInterval(timer);
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
  const { clientCa, clientName } = config;
  const known = clientCa.value === undefined ? ok(undefined) : await readClientCaFile(clientCa.value);
  if (!known.ok) return known;
  const clientOf = (ca: string) => ({ ca, name: clientName.value });
  if (known.value === undefined) {
    log.warn('callers are not verified: anybody who reaches the port may ask; use --client-ca', {});
  }
  let draining = false;
  const server = await startWebhookServer({
    listen: config.listen.value,
    certificate: certificate.current(),
    ...(known.value === undefined ? {} : { client: clientOf(known.value.ca) }),
    handlers,
    clock,
    onProblem: createProblemReport({
      log,
      count: (kind, defect) => {
        metrics.count('problems', { kind });
        if (defect) metrics.count('bugs');
      },
      clock,
    }),
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
  const unfollow =
    known.value === undefined
      ? undefined
      : followClientCa(known.value, (ca) => server.value.swapClient(clientOf(ca)), log);
  closers.add(async () => {
    draining = true;
    forget();
    unfollow?.();
    await server.value.drain(drainAnswers);
    await admin.value.close();
  });
  return ok({ line: `ready ${server.value.url} admin ${admin.value.url}`, readiness });
};
