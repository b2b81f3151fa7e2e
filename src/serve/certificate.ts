import { join } from 'node:path';
import { providedCertificates } from '../adapters/certificate/provided.ts';
import { selfSignedCertificates } from '../adapters/certificate/self-signed.ts';
import type { CertificateSource } from '../adapters/certificate/source.ts';
import type { Config } from '../config/resolved.ts';
import { fail, type Result } from '../core/result.ts';
import type { Lifecycle } from './lifecycle.ts';
import { systemClock } from '../concurrency/clock.ts';
import type { Telemetry } from './telemetry.ts';

/** Serving certificate: given files, or a CA of our own under `--data` (R15). */
export const openCertificate = async (
  config: Config,
  { log, metrics }: Telemetry,
  lifecycle: Lifecycle,
): Promise<Result<CertificateSource, readonly string[]>> => {
  const { tlsCert, tlsKey, tlsName, listen, data } = config;
  const onProblem = (problem: string): void => log.warn('certificate', { problem });
  const names = [listen.value.host, ...tlsName.value].filter((name) => name !== '0.0.0.0' && name !== '::');
  const opened =
    tlsCert.value !== undefined && tlsKey.value !== undefined
      ? await providedCertificates({
          certFile: tlsCert.value,
          keyFile: tlsKey.value,
          clock: systemClock,
          onProblem,
        })
      : await selfSignedCertificates({ dir: join(data.value, 'tls'), names, clock: systemClock, onProblem });
  if (!opened.ok) return fail([opened.error]);
  lifecycle.add(() => opened.value.close());
  metrics.onScrape(() => metrics.set('certificateExpiry', opened.value.current().expiresAt / 1000));
  return opened;
};
