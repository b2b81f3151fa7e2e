import { connect, isIP, type Socket } from 'node:net';
import { onAbort, untilAborted } from '../../../concurrency/abort.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import type { Owners } from '../../../concurrency/shares.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { addressBytes } from './address-bytes.ts';
import { isInternalName, judgeAddress, permits } from './address-guard.ts';
import { errorCode, failure, networkFailure } from './failure.ts';
import type { ResolveHost } from './dns.ts';

/** The target of a connection, and its name in failures. */
export interface SocketTarget {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly allowPrivateAddress: boolean;
  /** The operator has named the host. Otherwise it comes from an image name or from a registry. */
  readonly configured: boolean;
  readonly name: string;
  /** The namespaces that it is opened for (R26). */
  readonly owners: Owners;
}

/** Connects to one of these addresses, and to no other. */
export type ConnectSocket = (addresses: readonly string[], port: number) => Socket;

/** A TCP connection whose remote address was judged before a byte was sent. */
export type CheckedSocket = (
  target: SocketTarget,
  signal: AbortSignal,
) => Promise<Result<Socket, RegistryFailure>>;

/** Most addresses of one name that are tried. */
const maxAddresses = 8;
/** Milliseconds for one address before the next is tried. Node's 250 are too short for a distant registry. */
const attemptTimeout = 1000;

export const connectSocket: ConnectSocket = (addresses, port) => {
  const list = addresses.map((address) => ({ address, family: isIP(address) }));
  const [first] = list;
  return connect({
    // Node calls `lookup` for a host that is no address. This one returns only addresses that were checked.
    host: 'checked.invalid',
    port,
    noDelay: true,
    keepAlive: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptTimeout,
    lookup: (_name, options, callback) => {
      if (options.all === true) callback(null, list);
      else callback(null, first?.address ?? '', first?.family);
    },
  });
};

/** Waits for the event that means "ready". @returns the error when it does not come; then the socket is destroyed */
export const ready = (
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<Result<undefined, unknown>> =>
  new Promise((resolve) => {
    let stopListening = (): void => {};
    const settle = (result: Result<undefined, unknown>): void => {
      stopListening();
      if (!result.ok) socket.destroy();
      resolve(result);
    };
    // The listener stays, since an error before the HTTP client listens would end the process.
    socket.on('error', (error) => settle(fail(error)));
    socket.once('close', () => settle(fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }))));
    socket.once(event, () => settle(ok(undefined)));
    stopListening = onAbort(signal, () => settle(fail(new Error('aborted'))));
  });

const advice = 'if it is meant to be reached, set allowPrivateAddress in the row of this host';

/** The message does not contain the address: it would tell the user who names the image where internal names lead. */
const refusedAddress = (always: boolean): string =>
  always
    ? 'its address is link-local, a metadata service or no address of a host; nothing opens that'
    : `its address is private or reserved; ${advice}`;

/**
 * One text for all answers of DNS about a name that is not configured. Attack: a tenant asks for one internal name after the
 * other, and learns from different refusals which of them exist (B26).
 */
const unknownOrPrivate = `there is no such host, or its address is private or reserved; ${advice}`;

const unknownNames = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

/** Why a host is refused by its name, before DNS or a proxy is asked (B26). */
export const refusedHost = (host: string, allowPrivateAddress: boolean): string | undefined => {
  if (addressBytes(host) === undefined) {
    const refused = isInternalName(host) && !allowPrivateAddress;
    return refused ? `its name is internal; ${advice}` : undefined;
  }
  const verdict = judgeAddress(host);
  return permits(verdict, allowPrivateAddress) ? undefined : refusedAddress(verdict === 'never');
};

const lookupTimedOut = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('aborted'), { code: 'ETIMEOUT' }));

/**
 * Looks the name up, judges every address, connects to a permitted one without a second lookup, and judges the remote address
 * of the connected socket. Attack (B26): DNS rebinding, where the name has another address at the second lookup, and odd
 * spellings of an address.
 */
export const createCheckedSocket =
  (resolve: ResolveHost, openSocket: ConnectSocket): CheckedSocket =>
  async ({ host, port, allowPrivateAddress, configured, name, owners }, signal) => {
    const isUsable = (address: string): boolean => permits(judgeAddress(address), allowPrivateAddress);
    let found: readonly string[] = [host];
    if (addressBytes(host) === undefined) {
      const options = { system: allowPrivateAddress, isUsable, signal, owners };
      try {
        // The lookup of the system cannot be cancelled.
        found = await untilAborted(resolve(host, options), signal, lookupTimedOut);
      } catch (error) {
        if (!configured && unknownNames.has(errorCode(error)))
          return fail(failure('refused', 'address', name, unknownOrPrivate));
        return fail(networkFailure('address', name, error));
      }
    }
    const permitted = found.filter(isUsable);
    if (permitted.length === 0) {
      const always = found.every((address) => judgeAddress(address) === 'never');
      const isLookedUp = addressBytes(host) === undefined;
      const why = isLookedUp && !configured ? unknownOrPrivate : refusedAddress(always);
      return fail(failure('refused', 'address', name, why));
    }
    const socket = openSocket(permitted.slice(0, maxAddresses), port);
    const connected = await ready(socket, 'connect', signal);
    if (!connected.ok) return fail(networkFailure('connect', name, connected.error));
    const reached = socket.remoteAddress ?? '';
    if (isOneOf(reached, permitted) && isUsable(reached)) return ok(socket);
    socket.destroy();
    const why = 'the connection led to another address than the one that was checked';
    return fail(failure('refused', 'address', name, why));
  };

const isOneOf = (address: string, list: readonly string[]): boolean => {
  const bytes = plainBytes(address);
  return bytes !== '' && list.some((entry) => plainBytes(entry) === bytes);
};

/** A dual-stack socket may show an IPv4 address in its mapped form. */
const plainBytes = (address: string): string => {
  const bytes = addressBytes(address) ?? [];
  const mapped = bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255;
  return (mapped ? bytes.slice(12) : bytes).join('.');
};
