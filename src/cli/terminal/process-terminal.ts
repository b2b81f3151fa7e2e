import { whyNot } from '../../files/file-problem.ts';
import { UsageError, type Terminal } from './terminal.ts';

const readAll = async (limit: number): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw new UsageError([`standard input is larger than ${limit} bytes`]);
      chunks.push(chunk);
    }
    // The mark at its start goes out again with `--pin`.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError([`cannot read standard input: ${whyNot(error)}`]);
  }
};

/** The terminal of this process, and whether its output was written. */
interface ProcessTerminal extends Terminal {
  /** Whether data was lost: a full disk behind stdout must never look like a clean result. */
  readonly hasLost: () => boolean;
}

const clearLine = '\r\u001b[2K';

export const processTerminal = (
  parts: Pick<Terminal, 'workers' | 'compileExpression'>,
  onLoss: () => void,
): ProcessTerminal => {
  let state: 'open' | 'unread' | 'lost' = 'open';
  let isStatusShown = false;
  const interactive = process.stderr.isTTY;
  const hush = (): void => {
    if (isStatusShown) process.stderr.write(clearLine);
    isStatusShown = false;
  };
  const talk = (line: string): void => {
    hush();
    process.stderr.write(`${line}\n`);
  };
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (state !== 'open') return;
    // A reader that goes away (`imagegate … | head`) is no error, and does not change the exit code either.
    state = error.code === 'EPIPE' ? 'unread' : 'lost';
    if (state === 'unread') return;
    talk(`imagegate: cannot write to standard output: ${whyNot(error)}`);
    onLoss();
  });
  // There is no other output left to report it on.
  process.stderr.on('error', () => undefined);
  return {
    ...parts,
    out: (text) => void (state === 'open' && process.stdout.write(text)),
    talk,
    interactive,
    status: interactive
      ? (text) => {
          hush();
          if (text === '') return;
          process.stderr.write(text);
          isStatusShown = true;
        }
      : undefined,
    isUnread: () => state !== 'open',
    hasLost: () => state === 'lost',
    readStandardInput: (limit) => {
      if (process.stdin.isTTY) talk('reading manifests from standard input; Ctrl-D ends them');
      return readAll(limit);
    },
  };
};
