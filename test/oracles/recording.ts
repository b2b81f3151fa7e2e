import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { z } from 'zod';
import { layerContent } from './packages/image-content.ts';
import { gatekeeperAnswers } from './gatekeeper/gatekeeper-answers.ts';
import { regoAnswer } from './rego/ask-opa.ts';

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

const askedPackage = z.strictObject({
  ecosystem: z.string(),
  name: z.string(),
  version: z.string(),
  source: z.string().exactOptional(),
});
const matchRecording = z.strictObject({
  command: z.string(),
  seed: z.int(),
  program: z.string(),
  /** Around which advisories are made again from the seed. */
  lists: z.array(askedPackage),
  /** Ids of the advisories that the program found, for each package that the seed asks about. */
  answers: z.array(z.array(z.string())),
});
export type MatchRecording = z.infer<typeof matchRecording>;

export const readMatchRecording = (): MatchRecording => read('matches', matchRecording);
export const writeMatchRecording = (made: MatchRecording): void =>
  write('matches', matchRecording.parse(made));

const recordedImage = z.strictObject({
  name: z.string(),
  /** What Syft found in it, and where. */
  syft: z.record(z.string(), z.array(z.string())),
  /** What lists are made from, of each layer. */
  layers: z.array(layerContent),
});
export type RecordedImage = z.infer<typeof recordedImage>;
const listRecording = z.strictObject({
  command: z.string(),
  program: z.string(),
  images: z.array(recordedImage),
});
export type ListRecording = z.infer<typeof listRecording>;

export const readListRecording = (): ListRecording => read('packages', listRecording);
export const writeListRecording = (made: ListRecording): void => write('packages', listRecording.parse(made));

const regoRecording = z.strictObject({
  command: z.string(),
  seed: z.int(),
  program: z.string(),
  /** SHA-256 of the templates of the library with their objects, which are not kept here. */
  library: z.hex(),
  /** SHA-256 of the generated questions, which are drawn again. */
  drawn: z.hex(),
  answers: z.strictObject({ drawn: z.array(regoAnswer), mutated: z.array(regoAnswer) }),
});
export type RegoRecording = z.infer<typeof regoRecording>;

export const readRegoRecording = (): RegoRecording => read('rego', regoRecording);
export const writeRegoRecording = (made: RegoRecording): void => write('rego', regoRecording.parse(made));

const gatekeeperRecording = z.strictObject({
  command: z.string(),
  program: z.string(),
  /** SHA-256 of the suites with all that they name, which are not kept here. */
  library: z.hex(),
  answers: gatekeeperAnswers,
});
export type GatekeeperRecording = z.infer<typeof gatekeeperRecording>;

export const readGatekeeperRecording = (): GatekeeperRecording => read('gatekeeper', gatekeeperRecording);
export const writeGatekeeperRecording = (made: GatekeeperRecording): void =>
  write('gatekeeper', gatekeeperRecording.parse(made));
