import type { TLSSocket } from 'node:tls';
import type { WebRequest } from './intake.ts';

/** Who may call, when somebody may: holders of a certificate of this CA. */
export interface ClientRequirement {
  /** PEM. */
  readonly ca: string;
  /** The certificate's common name or one of its DNS names is exactly this; absent: any certificate of the CA. */
  readonly name?: string;
}

export type Caller =
  { readonly state: 'verified' | 'unverified' } | { readonly state: 'refused'; readonly message: string };

const unverified: Caller = { state: 'unverified' };
const verified: Caller = { state: 'verified' };
const refused = (message: string): Caller => ({ state: 'refused', message });

/** One line `CN=…` of a subject; OpenSSL escapes line breaks inside a value. */
const hasCommonName = (subject: string | undefined, name: string): boolean =>
  subject?.split('\n').includes(`CN=${name}`) === true;

const check = (socket: TLSSocket, { name }: ClientRequirement): Caller => {
  // A resumed session may count as authorised without a certificate: the certificate itself has to be there.
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return refused('this gate answers only callers with a client certificate');
  if (!socket.authorized) {
    return refused(`the client certificate is not accepted (${String(socket.authorizationError)})`);
  }
  if (name === undefined || hasCommonName(certificate.subject, name)) return verified;
  const dns = certificate.checkHost(name, { subject: 'never', wildcards: false });
  return dns === undefined ? refused(`the client certificate is not one of '${name}'`) : verified;
};

/** Says who is calling; asked for each request, worked out once for each connection. No header takes part (B33, B38). */
export const createCallerCheck = (requirement: ClientRequirement | undefined) => {
  const known = new WeakMap<object, Caller>();
  return (request: WebRequest): Caller => {
    if (requirement === undefined) return unverified;
    const session = 'stream' in request ? request.stream.session : undefined;
    const connection = session ?? request.socket;
    const found = known.get(connection);
    if (found !== undefined) return found;
    const caller = check((session?.socket ?? request.socket) as TLSSocket, requirement);
    known.set(connection, caller);
    return caller;
  };
};
