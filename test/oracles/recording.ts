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

const read = <T>(name: string, schema: z.ZodType<T>): T =>
  schema.parse(JSON.parse(brotliDecompressSync(readFileSync(fileOf(name))).toString()));
const write = (name: string, made: object): void => {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
  writeFileSync(fileOf(name), brotliCompressSync(JSON.stringify(made), { params }));
};

export const readRecording = (name: string): Recording => read(name, recording);
export const writeRecording = (name: string, made: Recording): void => write(name, recording.parse(made));

const versionRecording = z.strictObject({
  command: z.string(),
  seed: z.int(),
  /** By scheme. */
  orders: z.record(
    z.string(),
    z.strictObject({
      program: z.string(),
      /** SHA-256 of the pairs, which are drawn again. */
      pairs: z.hex(),
      /** `<`, `=`, `>` or `?` for each pair. */
      answers: z.string(),
    }),
  ),
});
export type VersionRecording = z.infer<typeof versionRecording>;

export const readVersionRecording = (): VersionRecording => read('versions', versionRecording);
export const writeVersionRecording = (made: VersionRecording): void =>
  write('versions', versionRecording.parse(made));
