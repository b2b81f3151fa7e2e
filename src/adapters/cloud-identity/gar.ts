import type { Clock } from '../../concurrency/clock.ts';
import { absent, known, unavailable } from '../../core/facts/fact.ts';
import type { CloudIdentity } from '../../evidence/ports.ts';
import { readDocument, readSecret } from './answer.ts';
import type { CloudHttp } from './cloud-http.ts';

interface GarOptions {
  readonly http: CloudHttp;
  readonly clock: Pick<Clock, 'now'>;
  /** `http://metadata.google.internal`; another one in tests. */
  readonly metadata?: string;
}

const step = 'the metadata server of Google Cloud';
const maxLifetime = 24 * 3600;

/** Hosts of Google's two registries, and nothing that only looks like one of them. No port: Google has none but 443. */
export const isGoogleRegistry = (host: string): boolean =>
  /^(?:[a-z\d][-a-z\d]{0,62}\.)?gcr\.io$|^[a-z\d][-a-z\d]{0,62}\.pkg\.dev$/.test(host);

/**
 * The service account of this Pod or machine, as a password for Artifact Registry and gcr.io.
 *
 * @see https://docs.cloud.google.com/compute/docs/access/authenticate-workloads (the token of the default account)
 * @see https://docs.cloud.google.com/artifact-registry/docs/docker/authentication (`oauth2accesstoken`)
 */
export const createGarIdentity = (options: GarOptions): CloudIdentity => {
  const { http, clock, metadata = 'http://metadata.google.internal' } = options;
  const url = new URL('/computeMetadata/v1/instance/service-accounts/default/token', metadata);
  return {
    name: 'GAR',
    covers: isGoogleRegistry,
    credential: async (host, signal) => {
      const what = `the Google identity for ${host}`;
      const headers = { 'metadata-flavor': 'Google' };
      const asked = clock.now();
      const answer = await http.ask({ step, url, method: 'GET', headers, direct: true }, signal);
      if (!answer.ok) return unavailable(what, answer.error);
      // The name comes from DNS. A server that answers without the header is not the metadata server, and its token a
      // trap.
      if (answer.value.headers['metadata-flavor'] !== 'Google') {
        return unavailable(
          what,
          `${step} answered without "Metadata-Flavor: Google", so it is not that server`,
        );
      }
      // A machine without a service account.
      if (answer.value.status === 404) return absent;
      const document = readDocument(step, answer.value);
      if (!document.ok) return unavailable(what, document.error);
      const token = readSecret(step, document.value, 'access_token');
      if (!token.ok) return unavailable(what, token.error);
      const seconds = document.value['expires_in'];
      if (typeof seconds !== 'number' || !(seconds > 0)) {
        return unavailable(what, `${step} answered without a usable expires_in`);
      }
      return known({
        secret: { kind: 'basic', username: 'oauth2accesstoken', password: token.value },
        expires: asked + Math.min(seconds, maxLifetime) * 1000,
      });
    },
  };
};
