import { fail, ok, type Result } from '../../core/result.ts';
import { fileErrorCode } from '../../files/file-problem.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import { isHeaderText } from './answer.ts';

const maxTokenBytes = 64 * 1024;

/**
 * Reads a projected token. It is read anew for every use: the kubelet replaces it long before its end, and a copy would
 * be refused once it has.
 *
 * @returns the token, or why there is none; never a part of it
 */
export const readTokenFile = async (what: string, path: string): Promise<Result<string, string>> => {
  const refuse = (why: string): Result<never, string> => fail(`${what} ${JSON.stringify(path)} ${why}`);
  try {
    const { bytes } = await readRegularFile(path, maxTokenBytes);
    if (!bytes.ok) return refuse(bytes.error === 'too-large' ? 'is larger than 64 KiB' : 'is no file');
    const token = bytes.value.toString().trim();
    return isHeaderText(token) ? ok(token) : refuse('holds no token');
  } catch (error) {
    return refuse(`cannot be read (${fileErrorCode(error) ?? 'unknown cause'})`);
  }
};
