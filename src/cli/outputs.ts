import { writeFile } from 'node:fs/promises';
import { InvalidArgumentError, Option } from 'commander';
import type { Decision, DecisionList } from '../core/decision/decision.ts';
import { renderJunit } from './render/junit.ts';
import { renderSarif } from './render/sarif.ts';
import { renderDecisionTable } from './render/decision-table.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './terminal.ts';

export const formats = ['table', 'json', 'yaml', 'sarif', 'junit'] as const;
export type Format = (typeof formats)[number];

/** `-o sarif=out.sarif` writes a file, `-o json` writes to stdout. */
export interface OutputTarget {
  readonly format: Format;
  readonly file?: string;
}

const isFormat = (text: string): text is Format => (formats as readonly string[]).includes(text);

const parseTarget = (text: string, earlier: readonly OutputTarget[]): readonly OutputTarget[] => {
  const at = text.indexOf('=');
  const format = at < 0 ? text : text.slice(0, at);
  if (!isFormat(format)) throw new InvalidArgumentError(`use one of ${formats.join(', ')}.`);
  const target = at < 0 ? { format } : { format, file: text.slice(at + 1) };
  if (target.file === '') throw new InvalidArgumentError('a file name is missing after "=".');
  if (at < 0 && earlier.some((other) => other.file === undefined)) {
    throw new InvalidArgumentError(
      'only one format can go to standard output; write the other to a file (FORMAT=FILE).',
    );
  }
  return [...earlier, target];
};

/** The `-o` option of every command that prints decisions. */
export const outputOption = (): Option =>
  new Option(
    '-o, --output <format[=file]>',
    `${formats.join('|')}; repeatable, FORMAT=FILE writes a file`,
  ).argParser<readonly OutputTarget[]>((text, previous) => parseTarget(text, previous ?? []));

export const decisionList = (items: readonly Decision[]): DecisionList => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'DecisionList',
  items,
});

const render = async (decisions: readonly Decision[], format: Format): Promise<string> => {
  switch (format) {
    case 'table':
      return renderDecisionTable(decisions);
    case 'json':
      return `${JSON.stringify(decisionList(decisions), undefined, 2)}\n`;
    case 'yaml':
      return (await import('yaml')).stringify(decisionList(decisions), {
        lineWidth: 0,
        aliasDuplicateObjects: false,
      });
    case 'sarif':
      return renderSarif(decisions);
    case 'junit':
      return renderJunit(decisions);
    default:
      return format satisfies never;
  }
};

/** Writes one result in every format that was asked for; `table` on stdout when nothing was. */
export const writeOutputs = async (
  decisions: readonly Decision[],
  targets: readonly OutputTarget[] | undefined,
  terminal: Terminal,
): Promise<void> => {
  const asked = targets ?? [];
  const all =
    asked.some((target) => target.file === undefined) || asked.length > 0
      ? asked
      : [{ format: 'table' as const }];
  for (const target of all) {
    const text = await render(decisions, target.format);
    if (target.file === undefined) terminal.out(text);
    else await writeTo(target.file, text);
  }
};

const writeTo = async (file: string, text: string): Promise<void> => {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new UsageError([`cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`]);
  }
};
