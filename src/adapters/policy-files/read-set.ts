import { createHash } from 'node:crypto';
import {
  findDuplicateNames,
  maxPolicyFileBytes,
  readPolicyFile,
  type PolicyDocument,
  type PolicyFileProblem,
} from '../../core/policy/load/document.ts';
import type { ImagePolicy } from '../../core/policy/schema/schema.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import { notRegular, whyUnreadable, type Scan, type ScannedFile } from './scan.ts';

/** Bytes of all files of one set. */
const maxSetBytes = 16 * 1024 * 1024;

/** A complete policy set: never a part of one (R8). */
export interface PolicyFileSet {
  readonly policies: readonly ImagePolicy[];
  /** The same policies with the places of their parts, for remarks about them. */
  readonly documents: readonly PolicyDocument[];
  /** `sha256:` and 16 hex digits over names and contents; the same files give the same version anywhere. */
  readonly version: string;
}

type Problems = readonly PolicyFileProblem[];

interface ReadFile extends ScannedFile {
  readonly text: string;
  readonly bytes: Buffer;
}

const readText = async (file: ScannedFile): Promise<Result<ReadFile, PolicyFileProblem>> => {
  const problem = (message: string) => fail({ file: file.shown, message });
  try {
    const { bytes } = await readRegularFile(file.shown, maxPolicyFileBytes);
    if (!bytes.ok) return problem(bytes.error === 'too-large' ? 'is larger than 1 MiB' : notRegular);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.value);
    // An editor may have just truncated it; taken as "no policies" it would open the gate.
    return text.trim() === '' ? problem('is empty') : ok({ ...file, text, bytes: bytes.value });
  } catch (error) {
    return problem(error instanceof TypeError ? 'is not valid UTF-8' : whyUnreadable(error));
  }
};

const versionOf = (files: readonly ReadFile[]): string => {
  const hash = createHash('sha256');
  for (const { name, bytes } of [...files].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))) {
    // Lengths first, so that no content can look like the next name.
    hash.update(`${Buffer.byteLength(name)} ${bytes.length}\n${name}`).update(bytes);
  }
  return `sha256:${hash.digest('hex').slice(0, 16)}`;
};

const parse = (files: readonly ReadFile[]): Result<readonly PolicyDocument[], Problems> => {
  const results = files.map(({ text, shown }) => readPolicyFile(text, shown));
  const documents = results.flatMap((result) => (result.ok ? result.value : []));
  const problems = [
    ...results.flatMap((result) => (result.ok ? [] : result.error)),
    ...findDuplicateNames(documents),
  ];
  return problems.length > 0 ? fail(problems) : ok(documents);
};

/** Reads every file of a scan as one unit: the whole set, or all its mistakes (R8). */
export const readPolicySet = async (
  scan: Scan,
  paths: readonly string[],
): Promise<Result<PolicyFileSet, Problems>> => {
  const problems: PolicyFileProblem[] = [...scan.problems];
  const files: ReadFile[] = [];
  let size = 0;
  for (const file of scan.files) {
    const read = await readText(file);
    if (!read.ok) problems.push(read.error);
    else if ((size += read.value.bytes.length) <= maxSetBytes) files.push(read.value);
    else return fail([...problems, { file: file.shown, message: 'is beyond the 16 MiB of a policy set' }]);
  }
  const parsed = parse(files);
  if (!parsed.ok) {
    for (const problem of parsed.error) problems.push(problem);
  } else if (problems.length === 0 && parsed.value.length === 0) {
    problems.push({
      file: paths.join(', '),
      message: 'holds no ImagePolicy; files are named *.yaml, *.yml or *.json',
    });
  }
  if (!parsed.ok || problems.length > 0) return fail(problems);
  const documents = parsed.value;
  return ok({ documents, policies: documents.map(({ policy }) => policy), version: versionOf(files) });
};
