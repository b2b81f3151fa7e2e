import { writeFile } from 'node:fs/promises';
import { Option } from 'commander';
import type { Decision, DecisionList } from '../../core/decision/decision.ts';
import { createArtifactLocations } from './artifact-location.ts';
import { oneOf } from '../terminal/choice.ts';
import { whyNot } from '../../files/file-problem.ts';
import { jsonPieces } from '../render/json-pieces.ts';
import { renderJunit } from '../render/junit.ts';
import { renderSarif } from '../render/sarif.ts';
import { renderDecisionTable } from '../render/decision-table.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';

const formats = ['table', 'json', 'yaml', 'sarif', 'junit'] as const;
type Format = (typeof formats)[number];

/** `-o sarif=out.sarif` writes a file, `-o json` writes to stdout. */
export interface OutputTarget<F extends string = Format> {
  readonly format: F;
  readonly file?: string;
}

const parseTarget = (
  text: string,
  known: readonly string[],
  earlier: readonly OutputTarget<string>[],
): readonly OutputTarget<string>[] => {
  const at = text.indexOf('=');
  const format = oneOf('-o', at < 0 ? text : text.slice(0, at), known);
  const target = at < 0 ? { format } : { format, file: text.slice(at + 1) };
  if (target.file === '') throw new UsageError([`-o ${text}: name a file after "="`]);
  const twin = earlier.find((other) => other.file === target.file);
  if (twin === undefined) return [...earlier, target];
  const where = at < 0 ? 'standard output' : target.file;
  throw new UsageError([
    `-o ${text}: ${twin.format} goes to ${where} already; write one of them to another file (-o FORMAT=FILE)`,
  ]);
};

/** The `-o` option of every command that has a result. */
export const formatOption = (known: readonly string[]): Option =>
  new Option(
    '-o, --output <format[=file]>',
    `${known.join('|')}; repeatable, FORMAT=FILE writes a file`,
  ).argParser<readonly OutputTarget<string>[]>((text, previous) => parseTarget(text, known, previous ?? []));

/** The `-o` option of every command that prints what it judged. */
export const outputOption = (): Option => formatOption(formats);

const decisionList = (items: readonly Decision[]): DecisionList => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'DecisionList',
  items,
});

type Table = (decisions: readonly Decision[]) => Iterable<string>;

interface OutputOptions {
  /** Output for people: one line for each finding unless the command has its own format. */
  readonly table?: Table;
  /** The files that the decisions are about. */
  readonly files?: readonly string[];
  /** What could not be read: the command ends with exit code 2. */
  readonly problems?: readonly string[];
}

const render = async (
  decisions: readonly Decision[],
  format: Format,
  { table = renderDecisionTable, files = [], problems = [] }: OutputOptions,
): Promise<Iterable<string>> => {
  switch (format) {
    case 'table':
      return table(decisions);
    case 'json':
      return jsonPieces(decisionList([]), decisions);
    case 'yaml':
      return (await import('../render/yaml.ts')).renderYaml(decisionList(decisions));
    case 'sarif':
      return renderSarif(decisions, createArtifactLocations(process.cwd(), files), problems);
    case 'junit':
      return renderJunit(decisions);
    default:
      return format satisfies never;
  }
};

/** Characters of pieces that are written together. */
const chunkLength = 1024 * 1024;

/** Small pieces put together: a write for each line costs more than the line. */
function* inChunks(pieces: Iterable<string>): Iterable<string> {
  let chunk = '';
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

const print = (terminal: Terminal, pieces: Iterable<string>): void => {
  for (const chunk of inChunks(pieces)) {
    if (terminal.isUnread?.() === true) return;
    terminal.out(chunk);
  }
};

const writeTo = async (file: string, pieces: Iterable<string>): Promise<void> => {
  try {
    await writeFile(file, inChunks(pieces));
  } catch (error) {
    throw new UsageError([`cannot write ${file}: ${whyNot(error)}`]);
  }
};

/** Writes one result in every format that was asked for; `table` on stdout when nothing was. */
export const writeFormats = async <F extends string>(
  targets: readonly OutputTarget<F | 'table'>[] | undefined,
  terminal: Terminal,
  rendered: (format: F | 'table') => Iterable<string> | Promise<Iterable<string>>,
): Promise<void> => {
  for (const { format, file } of targets ?? [{ format: 'table' as const, file: undefined }]) {
    const pieces = await rendered(format);
    if (file !== undefined) await writeTo(file, pieces);
    else print(terminal, pieces);
  }
};

/** Writes decisions, as {@link writeFormats}. */
export const writeOutputs = (
  decisions: readonly Decision[],
  targets: readonly OutputTarget[] | undefined,
  terminal: Terminal,
  options: OutputOptions = {},
): Promise<void> => writeFormats(targets, terminal, (format) => render(decisions, format, options));
