import { createHash } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { connect, createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import { createLruCache } from '../../../concurrency/cache/lru-cache.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { failure, networkFailure } from './failure.ts';
import type { ClientCertificate } from '../settings.ts';
import { ready } from './checked-socket.ts';

/** The expected peer, and the authorities that are trusted besides the well-known ones. */
interface TlsPeer {
  readonly host: string;
  /** PEM */
  readonly ca?: string | undefined;
  /** Shown when the peer asks for one. */
  readonly client?: ClientCertificate | undefined;
  readonly name: string;
}

/** Speaks TLS 1.2 or later over a connection, and destroys it on failure. The checks cannot be switched off. */
export type SecureSocket = (
  socket: Socket,
  peer: TlsPeer,
  signal: AbortSignal,
) => Promise<Result<Socket, RegistryFailure>>;

/** Contexts are cached, since reading 140 authorities takes milliseconds. A configuration has at most so many CA texts. */
const maxContexts = 32;

type Trust = Pick<TlsPeer, 'ca' | 'client'>;

const readContext = ({ ca, client }: Trust): Result<SecureContext, string> => {
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----'))
    return fail('the caFile of this host is of no use: it holds no PEM certificate');
  const authorities = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
  try {
    return ok(createSecureContext({ minVersion: 'TLSv1.2', ...authorities, ...client }));
  } catch {
    return fail('the caFile or the client certificate of this host is of no use: it cannot be read as PEM');
  }
};

/** A digest, so that no private key becomes the key of a map. */
const keyOf = ({ ca, client }: Trust): string =>
  createHash('sha256')
    .update(JSON.stringify([ca, client?.cert, client?.key]))
    .digest('base64');

export const createSecureSocket = (): SecureSocket => {
  const contexts = createLruCache<SecureContext>({ entries: maxContexts });
  const contextFor = (trust: Trust): Result<SecureContext, string> => {
    const key = keyOf(trust);
    const known = contexts.get(key);
    if (known !== undefined) return ok(known);
    const made = readContext(trust);
    if (!made.ok) return made;
    contexts.set(key, made.value);
    return made;
  };

  return async (socket, { host, ca, client, name }, signal) => {
    const context = contextFor({ ca, client });
    if (!context.ok) {
      socket.destroy();
      return fail(failure('refused', 'configuration', name, context.error));
    }
    const secure = connect({
      socket,
      secureContext: context.value,
      host,
      // The server name must not be an address (RFC 6066, 3). Then the certificate is checked against `host`.
      servername: isIP(host) === 0 ? host : '',
      ALPNProtocols: ['http/1.1'],
      // Set explicitly, since NODE_TLS_REJECT_UNAUTHORIZED could switch it off otherwise.
      rejectUnauthorized: true,
    });
    const done = await ready(secure, 'secureConnect', signal);
    if (done.ok) return ok(secure);
    socket.destroy();
    return fail(networkFailure('connect', name, done.error));
  };
};
