import { shown } from '../../../core/text/shown-text.ts';
import { overrunCode } from '../http/wire-limit.ts';
import type { RegistryFailure, RegistryStage } from '../../../evidence/ports.ts';

type Kind = RegistryFailure['kind'];

/** `why` follows the host: `registry.example.com: <why>`. Texts from others are escaped and cut. */
export const failure = (kind: Kind, stage: RegistryStage, host: string, why: string): RegistryFailure => ({
  kind,
  stage,
  host: shown(host),
  why: shown(why),
});

/** A failure that `onUnavailable: Warn` may excuse ({@link RegistryFailure.excusable}, R25). */
export const hostOutage = (stage: RegistryStage, host: string, why: string): RegistryFailure => ({
  ...failure('unreachable', stage, host, why),
  excusable: true,
});

/** The code of an error of the system or of a library. Of an error with several parts, the code of the first. */
export const errorCode = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0]);
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
};

const certificateReasons: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; give the certificate as caFile of this host',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its certificate comes from an authority that is not known here; give that CA as caFile of this host',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate comes from an authority that is not known here; give that CA as caFile of this host',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate comes from an authority that is not known here, or an intermediate certificate is not sent; give the CA as caFile of this host',
  UNABLE_TO_GET_ISSUER_CERT:
    'its certificate chain is not complete; the server must send the intermediate certificates',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; is the clock of this machine right?',
  CERT_REVOKED: 'its certificate has been revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

const networkReasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host: the name has no address',
  ENODATA: 'no such host: the name has no address',
  EBADNAME: 'no such host: the name cannot be looked up',
  EAI_AGAIN: 'DNS did not answer',
  ETIMEOUT: 'DNS did not answer',
  ESERVFAIL: 'DNS could not answer (SERVFAIL)',
  EREFUSED: 'DNS refused to answer',
  ECONNREFUSED: 'connection refused: nothing listens on that port',
  ECONNRESET: 'the connection was closed',
  EPIPE: 'the connection was closed',
  UND_ERR_SOCKET: 'the connection was closed',
  ETIMEDOUT: 'the connection was not accepted in time',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  EBUSY: 'too many names of hosts are being looked up',
  EMFILE: 'no file descriptor is left in this process',
  ENFILE: 'no file descriptor is left on this machine',
  ERR_SSL_WRONG_VERSION_NUMBER:
    'it does not speak TLS on that port; if it speaks plain HTTP, only plainHttp of its row allows that',
  ERR_SSL_PACKET_LENGTH_TOO_LONG:
    'it does not speak TLS on that port; if it speaks plain HTTP, only plainHttp of its row allows that',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it speaks no TLS version from 1.2 on',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it speaks no TLS version from 1.2 on',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    'it wants a client certificate; give clientCertFile and clientKeyFile in the row of this host',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    'it refuses the TLS handshake; maybe it wants a client certificate (clientCertFile and clientKeyFile of its row)',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'it does not accept the client certificate of its row',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'it does not accept the client certificate of its row',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'it does not know the authority of the client certificate of its row',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'the client certificate of its row has expired',
  [overrunCode]: 'it sends bytes without end that are no answer',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of its answer are larger than 16 KiB',
};

/** Describes an error below HTTP. The text of the error is not shown, since it may quote bytes of the server. */
export const networkReason = (error: unknown): string => {
  const code = errorCode(error);
  const known = certificateReasons[code] ?? networkReasons[code];
  if (known !== undefined) return `${known} (${code})`;
  if (code.startsWith('HPE_')) return `its answer is not HTTP/1.1 (${code})`;
  return code === '' ? 'the connection failed' : `the connection failed (${code})`;
};

/**
 * The excusable errors (R25), a closed list: no connection, or one that ends before a byte came. Not excusable: certificates
 * (another server answers), answers that are no HTTP, and a lack in this process, such as file descriptors.
 */
const noAnswer: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ETIMEOUT',
  'ESERVFAIL',
  'EREFUSED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** Errors of this process, which say nothing about the host. */
const ownLack: ReadonlySet<string> = new Set([
  'EBUSY',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
]);

/** The failure of a request that got no answer, from an error below HTTP. */
export const networkFailure = (stage: RegistryStage, host: string, error: unknown): RegistryFailure => {
  const code = errorCode(error);
  const why = networkReason(error);
  if (ownLack.has(code)) return failure('busy', stage, host, why);
  return noAnswer.has(code) ? hostOutage(stage, host, why) : failure('unreachable', stage, host, why);
};

/** Whether an answer came and is broken. */
export const isBrokenAnswer = (error: unknown): boolean => {
  const code = errorCode(error);
  return (
    code.startsWith('HPE_') ||
    code === 'UND_ERR_HEADERS_OVERFLOW' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
  );
};

/** `1.5 s`, `250 ms` */
export const shownTime = (milliseconds: number): string =>
  milliseconds < 1000 ? `${Math.ceil(milliseconds)} ms` : `${Math.ceil(milliseconds / 100) / 10} s`;
