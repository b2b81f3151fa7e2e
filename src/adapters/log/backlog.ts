import type { Decision } from '../../core/decision/decision.ts';
import { FairQueue } from '../../concurrency/fair-queue.ts';
import { joinPieces, mostBytes, writePieces, type BytePieces } from '../../gate/byte-pieces.ts';

/** A buffered file, as `pino.destination` makes it. */
export interface BufferedFile {
  write(bytes: Buffer): unknown;
  flush(): void;
  on(event: 'write', listener: (bytes: number) => void): unknown;
  on(event: 'drop', listener: (bytes: Buffer) => void): unknown;
  on(event: 'drain', listener: () => void): unknown;
}

/** A file, with the lines that are not written yet. */
interface Backlog {
  write(bytes: Buffer): void;
  /** Few bytes wait for more of them until this is called. */
  flush(): void;
  bytes(): number;
  /** Called when something was written, in the order of these calls. @returns removes the listener */
  onWritten(listener: () => void): () => void;
}

export const createBacklog = (file: BufferedFile): Backlog => {
  let bytes = 0;
  let isFlushOwed = false;
  const listeners = new Set<() => void>();
  const settled = (left: number): void => {
    bytes = Math.max(0, left);
    for (const listener of listeners) listener();
  };
  file.on('write', (written) => settled(bytes - written));
  file.on('drain', () => {
    if (!isFlushOwed || bytes === 0) return settled(0);
    // A file that was being written did not hear of the flush.
    isFlushOwed = false;
    file.flush();
  });
  file.on('drop', (lost) => (bytes = Math.max(0, bytes - lost.length)));
  return {
    write: (next) => {
      bytes += next.length;
      file.write(next);
    },
    flush: () => {
      isFlushOwed = true;
      file.flush();
    },
    bytes: () => bytes,
    onWritten: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
};

interface DecisionLines {
  add(decision: Decision, line: BytePieces): void;
  /** Hands on as much as is wanted. */
  write(): void;
  /** Lines that are not handed on. */
  count(): number;
}

/** Limit of decision lines that wait while the log is not read. */
const bounds = { items: 100_000, weight: 12 * 1024 * 1024 };
/** No more lines of decisions are handed on while so much is not written. */
const maxBacklogBytes = 1024 * 1024;
/** Lines are joined up to about so many bytes. */
const maxBatchBytes = 64 * 1024;
/** Beyond a batch there is space for a decision of the largest size. */
const batchSpace = 256 * 1024;
/**
 * The lines of decisions on their way to the log, shared by namespace (R26). They wait here and not in the buffer of the
 * file: that one stays open for what the gate says about itself, which no flood of denials may push out (R28).
 */
export const createDecisionLines = (backlog: Backlog, onDrop: (bytes: number) => void): DecisionLines => {
  const lines = new FairQueue<Uint8Array>(
    (line) => line.length,
    (line) => onDrop(line.length),
  );
  // While the log is read, lines are not shared by namespace: that cost as much as judging.
  const batch = Buffer.allocUnsafeSlow(batchSpace);
  let length = 0;
  const isBehind = (): boolean => backlog.bytes() + length >= maxBacklogBytes;
  let due: NodeJS.Immediate | undefined;
  const put = (line: BytePieces): void => {
    const most = mostBytes(line);
    if (most > batchSpace - length) handOn();
    if (most > batchSpace) backlog.write(joinPieces(line));
    else length = writePieces(line, batch, length);
    // In an iteration of the event loop of its own, so that `write` cannot overtake lines under way.
    if (length >= maxBatchBytes) due ??= setImmediate(handOn);
  };
  const handOn = (): void => {
    due = undefined;
    if (length === 0) return;
    // Joined: every line by itself was measured and copied several times on its way, which cost more than judging. And
    // as bytes: text was encoded at each of these stages.
    backlog.write(Buffer.from(batch.subarray(0, length)));
    length = 0;
  };
  const write = (): void => {
    handOn();
    while (lines.count > 0 && !isBehind()) {
      put([lines.take() ?? '']);
      if (length >= maxBatchBytes) handOn();
    }
    handOn();
  };
  backlog.onWritten(() => {
    if (lines.count > 0) write();
  });
  return {
    add: ({ id, object }, line) => {
      if (lines.count === 0 && !isBehind()) return put(line);
      // In memory of its own: what waits must not keep a buffer of what was dropped.
      const bytes = new Uint8Array(joinPieces(line));
      if (!lines.add(object.namespace ?? '', id, bytes, bounds)) onDrop(bytes.length);
    },
    write,
    count: () => lines.count,
  };
};
