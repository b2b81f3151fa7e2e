import { shown, shownName } from '../core/text/shown-text.ts';
import { whyNot as whyNotRead } from '../files/file-problem.ts';
import { readRegularFile } from '../files/regular-file.ts';
import { UsageError } from './terminal/terminal.ts';

/** The bytes of a file that a command was given; one that cannot be read gives exit code 2. */
export const readInputFile = async (path: string, maxBytes: number): Promise<Uint8Array> => {
  const refuse = (why: string): never => {
    throw new UsageError([shown(`${shownName(path)}: ${why}`)]);
  };
  try {
    const { bytes } = await readRegularFile(path, maxBytes);
    if (bytes.ok) return bytes.value;
    return refuse(
      bytes.error === 'too-large' ? `is larger than ${maxBytes} bytes` : 'is no regular file; name a file',
    );
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return refuse(whyNotRead(error));
  }
};

export const readInputText = async (path: string, maxBytes: number): Promise<string> =>
  Buffer.from(await readInputFile(path, maxBytes)).toString('utf8');
