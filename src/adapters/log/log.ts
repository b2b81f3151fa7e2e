import { pino, type DestinationStream, type Logger } from 'pino';
import type { Decision } from '../../core/decision/decision.ts';
import type { BytePieces } from '../../gate/byte-pieces.ts';
import { createBacklog, createDecisionLines, type BufferedFile } from './backlog.ts';

type LogLevel = 'debug' | 'info' | 'warn' | 'error';

interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
  /** Called with the number of bytes that were lost because the log is not read. */
  readonly onDrop: (bytes: number) => void;
  /** Where lines go; stderr (2) unless a test says otherwise. */
  readonly fd?: number;
}

/** Structured log: the message is static, everything that varies is a field. */
export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
  /** One line for one decision, repeats less and less often; `json` is it as already serialised for the record. */
  decision(decision: Decision, json: Uint8Array): void;
  /**
   * Writes what waits, for the end of the process. Settles when all is written, when the reader is gone, or after two
   * seconds with a reader that does not read.
   */
  flush(): Promise<void>;
}

/** Lines wait at most this long, in milliseconds, before they are written: people read the log beside the record. */
const maxWait = 20;
/**
 * Limit of buffered bytes while the log is not read. Beyond it lines are dropped and counted; the gate never blocks.
 */
const maxBufferBytes = 4 * 1024 * 1024;

/** How long the end of the process waits for a reader, in milliseconds: its record is closed by then, and its log is a copy. */
const maxFlushTime = 2_000;

/** Names of fields whose value never reaches a log (B37). */
const secrets = ['token', 'password', 'authorization', 'secret', 'auth', 'key', 'cert', 'dockerconfigjson'];

const reported = (level: string): object => ({ level });

/** A line of the text format: time, level, message, then `name=value`. Values are JSON, so they cannot break the line. */
const textLine = (level: string, message: string, fields: object): string => {
  const shown = Object.entries(fields)
    .map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
    .join('');
  return `${new Date().toISOString()} ${level.toUpperCase().padEnd(5)} ${message}${shown}\n`;
};

const decisionText = (decision: Decision): string => {
  const { object, findings } = decision;
  return textLine('info', 'decision', {
    id: decision.id,
    verdict: decision.allowed ? 'allowed' : 'denied',
    operation: decision.operation,
    kind: object.kind,
    namespace: object.namespace,
    name: object.name,
    codes: [...new Set(findings.map((finding) => finding.code))],
    ms: decision.durations['total'],
    ...(decision.count === undefined ? {} : { count: decision.count }),
  });
};

/**
 * The log line of one decision. It carries the whole record, so that the log of a replica is a durable record of
 * its own (R18); the JSON is the one already made for the store, since making it twice would cost more than all checks.
 */
const decisionLine = (decision: Decision, json: Uint8Array, format: 'json' | 'text'): BytePieces =>
  format === 'text'
    ? [decisionText(decision)]
    : [`{"level":"info","time":"${decision.time}","msg":"decision","decision":`, json, '}\n'];

/** An Error as fields: pino would otherwise print `{}`. */
const plainFields = (fields: object): object =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? value.message : (value as unknown),
    ]),
  );

const createLogger = (options: LogOptions, destination: DestinationStream): Logger =>
  pino(
    {
      level: options.level,
      base: null,
      messageKey: 'msg',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: reported },
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    destination,
  );

/** Of equal decisions the first, the second, the fourth, the eighth …: a tenant that repeats one cannot roll the log over. */
const isLogged = ({ count = 1 }: Decision): boolean => Number.isInteger(Math.log2(count));

const openDestination = (fd: number, isRetried: () => boolean) =>
  pino.destination({
    fd,
    sync: false,
    // Few large writes: a system call for every third decision cost as much as judging it.
    minLength: 64 * 1024,
    maxWrite: 256 * 1024,
    maxLength: maxBufferBytes,
    contentMode: 'buffer',
    retryEAGAIN: isRetried,
  });

/** Opens the log. Lines are buffered and written in the background; a slow reader never slows an admission. */
export const openLog = (options: LogOptions): Log => {
  let isGivenUp = false;
  const destination = openDestination(options.fd ?? 2, () => !isGivenUp);
  destination.on('drop', (bytes: Buffer) => options.onDrop(bytes.length));
  // The reader of a pipe may go away; the gate goes on without its log.
  let isReaderGone = false;
  destination.on('error', ({ code }: NodeJS.ErrnoException) => (isReaderGone ||= code === 'EPIPE'));
  // Its types know no mode but text.
  const backlog = createBacklog(destination as unknown as BufferedFile);
  const decisions = createDecisionLines(backlog, options.onDrop);
  const flush = (): void => {
    decisions.write();
    backlog.flush();
  };
  let due: NodeJS.Timeout | undefined;
  const flushSoon = (): void => {
    due ??= setTimeout(() => {
      due = undefined;
      flush();
    }, maxWait).unref();
  };
  const logger = createLogger(options, { write: (line) => backlog.write(Buffer.from(line)) });
  const decides = logger.isLevelEnabled('info');
  const write = (level: LogLevel, message: string, fields: object = {}): void => {
    if (!logger.isLevelEnabled(level)) return;
    if (options.format === 'text') backlog.write(Buffer.from(textLine(level, message, plainFields(fields))));
    else logger[level](plainFields(fields), message);
    flushSoon();
  };
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    decision: (decision, json) => {
      if (!decides || !isLogged(decision)) return;
      decisions.add(decision, decisionLine(decision, json, options.format));
      flushSoon();
    },
    flush: () =>
      new Promise((resolve) => {
        const settle = (): void => {
          clearTimeout(timer);
          destination.off('error', settle);
          removeListener();
          resolve();
        };
        const settleIfWritten = (): void => {
          if (isReaderGone || (backlog.bytes() === 0 && decisions.count() === 0)) settle();
        };
        // A write that is tried again and again would keep the process alive.
        const timer = setTimeout(() => {
          isGivenUp = true;
          settle();
        }, maxFlushTime);
        destination.once('error', settle);
        const removeListener = backlog.onWritten(settleIfWritten);
        flush();
        settleIfWritten();
      }),
  };
};
