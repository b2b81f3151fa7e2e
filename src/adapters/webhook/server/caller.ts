import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { pemCertificates } from '../../../core/text/pem.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { connectionOf } from './connection-limits.ts';
import type { WebRequest } from './body-reader.ts';

/** Requirement for callers: a certificate of this CA. */
export interface ClientRequirement {
  /** PEM. */
  readonly ca: string;
  /** The certificate's common name (its last CN) or one of its DNS names is exactly this; absent: any certificate of the CA. */
  readonly name?: string;
}

export type Caller =
  { readonly state: 'verified' | 'unverified' } | { readonly state: 'refused'; readonly message: string };

const unverified: Caller = { state: 'unverified' };
const verified: Caller = { state: 'verified' };
const refused = (message: string): Caller => ({ state: 'refused', message });

/**
 * The last CN of a subject is its one common name, as for the API server, whose Go reads it so (`FillFromRDNSequence` of
 * crypto/x509/pkix): a CA that lets its users add a CN before or after its own must not let them choose among names.
 * OpenSSL writes one RDN a line and several attributes of one with ` + ` between them, and escapes both in a value.
 */
export const commonNameOf = (subject: string | undefined): string | undefined =>
  subject
    ?.split('\n')
    .flatMap((line) => line.split(' + '))
    .findLast((attribute) => attribute.startsWith('CN='))
    ?.slice('CN='.length);

const check = (socket: TLSSocket, { name }: ClientRequirement): Caller => {
  // A resumed session may count as authorised without a certificate: the certificate itself has to be there.
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return refused('this gate answers only callers with a client certificate');
  if (!socket.authorized) {
    return refused(`the client certificate is not accepted (${String(socket.authorizationError)})`);
  }
  if (name === undefined || commonNameOf(certificate.subject) === name) return verified;
  const dns = certificate.checkHost(name, { subject: 'never', wildcards: false });
  return dns === undefined ? refused(`the client certificate is not one of '${name}'`) : verified;
};

/**
 * The certificates of a client CA, every one of them readable. OpenSSL skips certificates that it cannot read, and
 * Node takes an empty text for the public CAs of the world: any certificate of theirs would then be let in.
 */
export const readClientCa = (pem: string): Result<readonly string[], string> => {
  const { blocks, isCut } = pemCertificates(pem);
  if (blocks.length === 0) return fail('holds no certificate in PEM form');
  try {
    if (!isCut) return ok(blocks.map((text) => `${new X509Certificate(text).toString().trim()}\n`));
  } catch {
    // Reported below.
  }
  return fail('holds a certificate that cannot be read');
};

export interface Callers {
  /** The caller, determined once for each connection. No header has a say (B33, B38). */
  readonly callerOf: (request: WebRequest) => Caller;
  /** Whether the handshake has verified the caller. */
  readonly isVerified: (socket: TLSSocket) => boolean;
  /**
   * Replaces the requirement; the TLS context already uses the new one. Earlier handshakes may no longer be valid, so
   * every open connection is asked to leave and cut off after `deadline` milliseconds.
   */
  change(next: ClientRequirement, deadline: number): void;
}

/** Determines who may call the server: anybody without a requirement. `leave` asks every open connection to leave. */
export const createCallers = (
  first: ClientRequirement | undefined,
  leave: (deadline: number) => void,
): Callers => {
  let requirement = first;
  let known = new WeakMap<object, Caller>();
  return {
    callerOf: (request) => {
      if (requirement === undefined) return unverified;
      const connection = connectionOf(request);
      const found = known.get(connection);
      if (found !== undefined) return found;
      // A session that ended meanwhile has no socket that could be asked.
      if (connection.destroyed) return refused('the connection has ended');
      const socket = 'socket' in connection ? connection.socket : connection;
      const caller = check(socket as TLSSocket, requirement);
      known.set(connection, caller);
      return caller;
    },
    isVerified: (socket) => requirement !== undefined && check(socket, requirement).state === 'verified',
    change: (next, deadline) => {
      requirement = next;
      known = new WeakMap();
      leave(deadline);
    },
  };
};
