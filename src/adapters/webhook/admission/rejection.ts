import type { Decision } from '../../../core/decision/decision.ts';
import type { FindingCode } from '../../../core/reasons/reason.ts';
import { maxJsonDepth, maxTokens, type ScanFault } from './json-scan.ts';

/** Why a request is rejected before anything in it was judged. */
type RejectionCode = Extract<
  FindingCode,
  'malformed-request' | 'too-large' | 'overloaded' | 'deadline-exceeded' | 'internal-error'
>;

export interface RequestRejection {
  readonly code: RejectionCode;
  /** One short sentence. */
  readonly message: string;
  readonly remedy: string;
}

/** A rejection with the known parts of its request. `handlers.rejected` makes a decision of it. */
export interface RejectedRequest extends RequestRejection {
  readonly endpoint: Exclude<ReviewEndpoint, 'mutate'>;
  readonly uid?: string;
  readonly caller: Decision['caller'] & string;
}
export type ReviewEndpoint = 'validate' | 'constraints' | 'mutate' | 'image-review';

/** Largest body that is read: the API server stores objects of about 3 MB and sends at most two of them. */
export const maxBodyBytes = 8 * 1024 * 1024;
/** Bytes of all bodies that are being read or judged at one time (R19). */
export const maxBytesInFlight = 64 * 1024 * 1024;

const smaller = 'make the object smaller, for example by moving data into another object';
const mebibytes = (bytes: number): string => `${String(Math.round(bytes / 1024 / 1024))} MiB`;

export const malformedReview = (message: string): RequestRejection => ({
  code: 'malformed-request',
  message,
  remedy: 'send a review as the API server does: JSON in UTF-8, not compressed',
});

export const bodyTooLarge: RequestRejection = {
  code: 'too-large',
  message: `the request body is larger than ${mebibytes(maxBodyBytes)}`,
  remedy: smaller,
};

export const overloaded: RequestRejection = {
  code: 'overloaded',
  message: `the bodies of all requests in flight together are larger than ${mebibytes(maxBytesInFlight)}`,
  remedy: 'try again in a moment; if it stays, run more replicas of the gate',
};

export const bodyTooSlow: RequestRejection = {
  code: 'deadline-exceeded',
  message: 'the request body did not arrive before the deadline',
  remedy: 'try again; if it stays, look at the network between the API server and the gate',
};

export const bodyRateTooLow: RequestRejection = {
  ...bodyTooSlow,
  message: 'the request body came at less than 16 KiB a second',
};

export const lockTimeout: RequestRejection = {
  code: 'deadline-exceeded',
  message: 'large requests are read one at a time, and the turn of this one did not come before the deadline',
  remedy: 'try again in a moment; if it stays, run more replicas of the gate',
};

export const defect: RequestRejection = {
  code: 'internal-error',
  message: 'the gate failed while answering this request',
  remedy: 'this is a defect of the gate: report it with the log line',
};

export const scanRejection = (fault: ScanFault): RequestRejection => {
  switch (fault) {
    case 'invalid-utf8':
      return malformedReview('the request body is not valid UTF-8');
    case 'too-deep':
      return {
        code: 'too-large',
        message: `the request body is nested more than ${String(maxJsonDepth)} levels deep`,
        remedy: smaller,
      };
    case 'too-many-tokens':
      return {
        code: 'too-large',
        message: `the request body holds more than ${maxTokens.toLocaleString('en-US')} keys and values`,
        remedy: smaller,
      };
    default:
      return fault satisfies never;
  }
};

/** Bytes of the beginning of a body that are searched. */
export const maxPeekedBytes = 512;

/**
 * The uid of a review that will not be parsed, so that its caller still gets a verdict with our reason instead
 * of a failed call. The API server writes it first. Only ever used for a denial: a forged uid gains nothing,
 * because the API server drops an answer whose uid is not its own.
 */
export const peekUid = (bytes: Uint8Array): string | undefined => {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, maxPeekedBytes)).toString(
    'latin1',
  );
  return /^\s{0,128}\{[^{}]{0,128}"request"\s{0,32}:\s{0,32}\{\s{0,32}"uid"\s{0,32}:\s{0,32}"([\w.-]{1,128})"/.exec(
    start,
  )?.[1];
};
