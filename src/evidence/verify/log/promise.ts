import type { TrustedLog } from '../../trust/trusted-root.ts';
import { isSignedWith } from '../signature/is-signed-by.ts';
import { isWithin } from '../trust/validity.ts';
import type { LogEntry } from './log-entry.ts';

/**
 * Whether a log of Rekor v1 promised to hold the entry: it signs body, time, log and index. For the kind of entries that the
 * library does not know.
 * @see https://github.com/sigstore/rekor/blob/main/pkg/api/entries.go
 * @see RFC 8785, by which the signed text is written
 */
export const isPromised = (entry: LogEntry, log: TrustedLog): boolean => {
  const { body, integratedTime, logId, index, promise } = entry;
  if (promise === undefined || integratedTime === undefined) return false;
  if (!log.keyId.equals(logId) || !isWithin(integratedTime * 1000, log.validFor)) return false;
  const id = Buffer.from(logId).toString('hex');
  const text = `{"body":"${Buffer.from(body).toString('base64')}","integratedTime":${integratedTime},"logID":"${id}","logIndex":${index}}`;
  return isSignedWith(log.key, 'sha256', Buffer.from(text, 'utf8'), promise);
};
