/** What a command may write to and read from. Data goes to `out`, talk goes to `talk`. */
export interface Terminal {
  out(text: string): void;
  /** One line of talk on stderr; silent with `--quiet`. */
  talk(line: string): void;
  /** Whether a person watches stderr: progress only then. */
  readonly interactive: boolean;
  readStandardInput(limit: number): Promise<string>;
  /** Program of the store's thread, beside the bundle. */
  readonly storeWorker: URL;
}

/** A usage, configuration or policy error: exit code 2 with the lines shown, and no stack trace. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly lines: readonly string[];
  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** The one target of a command (cluster, record) could not be reached: exit code 4. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

const readAll = async (limit: number): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new UsageError([`standard input is larger than ${limit} bytes`]);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

export const processTerminal = (storeWorker: URL): Terminal => ({
  storeWorker,
  out: (text) => void process.stdout.write(text),
  talk: (line) => void process.stderr.write(`${line}\n`),
  interactive: process.stderr.isTTY,
  readStandardInput: readAll,
});
