import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { LayerSource } from '../../../adapters/catalog/image-cataloger.ts';
import type { Digest } from '../../../core/image/digest.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { digestOf } from '../../../evidence/content-digest.ts';
import { whyNot } from '../../../files/file-problem.ts';
import type { LocalImage } from './oci-layout.ts';
import { streamFolder } from './rootfs-tar.ts';

/** The files of an image or a machine in a folder: one layer, which no manifest names. */
export const imageOfFolder = async (folder: string): Promise<Result<readonly LocalImage[], string>> => {
  try {
    if (!(await stat(folder)).isDirectory()) return fail(`cannot read ${folder}: it is no folder`);
  } catch (error) {
    return fail(`cannot read ${folder}: ${whyNot(error)}`);
  }
  let unread: readonly string[] = [];
  let before: string | undefined;
  const layer: LayerSource<string> = {
    digest: digestOf(Buffer.from(folder), 'sha256'),
    mediaType: 'application/vnd.oci.image.layer.v1.tar',
    mayKnow: () => Promise.resolve(false),
    read: async (take, signal) => {
      const hash = createHash('sha256');
      const onChunk = (chunk: Uint8Array): Promise<boolean> => {
        hash.update(chunk);
        return take(chunk);
      };
      try {
        unread = await streamFolder(folder, onChunk, signal);
      } catch (error) {
        return fail(`cannot read ${folder}: ${whyNot(error)}`);
      }
      const now = hash.digest('hex');
      // In a second reading files are found by their number.
      if (before !== undefined && before !== now) return fail(`${folder} changes while it is read`);
      before = now;
      return ok(undefined);
    },
  };
  const digest = (): Digest | undefined =>
    before === undefined ? undefined : (`sha256:${before}` as Digest);
  return ok([{ layers: ok([layer]), folder: { unread: () => unread, digest } }]);
};
