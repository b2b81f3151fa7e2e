import { isIP, type Socket } from 'node:net';
import { connect, createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { RegistryFailure } from '../../evidence/ports.ts';
import { createRecentMap } from '../../core/recent-map.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { failure, networkReason } from './failure.ts';
import { ready } from './guarded-socket.ts';

/** Whose certificate is expected, and which authorities count beside the well-known ones. */
export interface TlsPeer {
  readonly host: string;
  /** PEM */
  readonly ca?: string | undefined;
  readonly name: string;
}

/** Speaks TLS 1.2 or later over a connection; destroys it on failure. There is no way to switch the checks off. */
export type SecureSocket = (
  socket: Socket,
  peer: TlsPeer,
  signal: AbortSignal,
) => Promise<Result<Socket, RegistryFailure>>;

/** Reading 140 authorities takes milliseconds: kept for as many CA texts as a configuration has, not more. */
const keptContexts = 32;

const readContext = (ca: string | undefined): Result<SecureContext, string> => {
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----'))
    return fail('it holds no PEM certificate');
  const authorities = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
  try {
    return ok(createSecureContext({ minVersion: 'TLSv1.2', ...authorities }));
  } catch {
    return fail('it cannot be read as PEM');
  }
};

export const createSecureSocket = (): SecureSocket => {
  const contexts = createRecentMap<SecureContext>({ entries: keptContexts });
  const contextFor = (ca: string | undefined): Result<SecureContext, string> => {
    const known = contexts.get(ca ?? '');
    if (known !== undefined) return ok(known);
    const made = readContext(ca);
    if (!made.ok) return made;
    contexts.set(ca ?? '', made.value);
    return made;
  };

  return async (socket, { host, ca, name }, signal) => {
    const context = contextFor(ca);
    if (!context.ok) {
      socket.destroy();
      const why = `the caFile of this host is of no use: ${context.error}`;
      return fail(failure('refused', 'configuration', name, why));
    }
    const secure = connect({
      socket,
      secureContext: context.value,
      host,
      // An address may not stand in the server name (RFC 6066, 3); the certificate is checked against `host` then.
      servername: isIP(host) === 0 ? host : '',
      ALPNProtocols: ['http/1.1'],
      // Said explicitly, since NODE_TLS_REJECT_UNAUTHORIZED would switch it off otherwise.
      rejectUnauthorized: true,
    });
    const done = await ready(secure, 'secureConnect', signal);
    if (done.ok) return ok(secure);
    socket.destroy();
    return fail(failure('unreachable', 'connect', name, networkReason(done.error)));
  };
};
