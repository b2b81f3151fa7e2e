import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { z } from 'zod';

const manifest = z.strictObject({ mediaType: z.string(), bytes: z.base64() });
/** A repository as it lay in a registry: what a verifier reads, byte for byte. */
const repository = z.strictObject({
  manifests: z.array(manifest),
  blobs: z.array(z.base64()),
  /** Tag to digest. */
  tags: z.record(z.string(), z.string()),
});
export type RecordedRepository = z.infer<typeof repository>;

const recordedCase = z.strictObject({
  id: z.string(),
  /** The image, which is what is asked about. */
  digest: z.string(),
  repository,
  /** Whether each way to ask accepted it; `imagegate` is ours. */
  verdicts: z.record(z.string(), z.boolean()),
  /** Of our findings. */
  codes: z.array(z.string()),
});
export type RecordedCase = z.infer<typeof recordedCase>;

const recording = z.strictObject({
  /** How it was made. */
  command: z.string(),
  seed: z.int(),
  versions: z.record(z.string(), z.string()),
  /** Public keys and roots. */
  material: z.record(z.string(), z.string()),
  cases: z.array(recordedCase),
});
export type Recording = z.infer<typeof recording>;

const fileOf = (name: string): string =>
  join(import.meta.dirname, '..', 'fixtures', 'oracles', `${name}.json.br`);

export const readRecording = (name: string): Recording =>
  recording.parse(JSON.parse(brotliDecompressSync(readFileSync(fileOf(name))).toString()));

export const writeRecording = (name: string, made: Recording): void => {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
  writeFileSync(fileOf(name), brotliCompressSync(JSON.stringify(recording.parse(made)), { params }));
};
