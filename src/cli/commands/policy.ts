import { Command } from 'commander';
import type { Flags } from '../../config/resolve.ts';
import type { SettingKey } from '../../config/settings/settings.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { PolicyDocument } from '../../core/policy/load/document.ts';
import { lintPolicies, type LintRemark } from '../../core/policy/lint/lint.ts';
import { textOrJsonOption, type TextOrJson } from '../terminal/choice.ts';
import type { CommandModule } from '../command-module.ts';
import { readPolicies } from '../policy-input.ts';
import { addSettingFlags, readSettings } from '../setting-flags.ts';
import type { Terminal } from '../terminal/terminal.ts';

const lintSettings = ['policies'] as const satisfies readonly SettingKey[];

/** A remark with its place, as editors and CI systems read it: `policies/a.yaml:12:9`. */
const placed = (remark: LintRemark, documents: readonly PolicyDocument[]) => {
  const document = documents.find(({ policy }) => policy.metadata.name === remark.policy);
  if (document === undefined) return remark;
  const { line, column } = document.locate(remark.path);
  return { file: document.file, line, column, ...remark };
};

const textOf = (remark: ReturnType<typeof placed>): string => {
  const place = 'file' in remark ? `${remark.file}:${remark.line}:${remark.column}: ` : '';
  return shown(`${place}${remark.policy}: ${remark.message}`);
};

const counted = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;

const lint = async (paths: readonly string[], output: TextOrJson, terminal: Terminal) => {
  const loaded = await readPolicies(paths);
  const remarks = lintPolicies(loaded.policies).map((remark) => placed(remark, loaded.documents));
  const summary = { policies: loaded.policies.length, remarks };
  if (output === 'json') terminal.out(`${JSON.stringify(summary, undefined, 2)}\n`);
  else for (const remark of remarks) terminal.out(`${textOf(remark)}\n`);
  terminal.talk(
    `${counted(summary.policies, 'policy', 'policies')} read, ${counted(remarks.length, 'warning', 'warnings')}`,
  );
};

const lintCommand = (terminal: Terminal): Command => {
  const command = new Command('lint')
    .summary('read policies and say what is wrong or wider than it looks')
    .description(
      'Reads policies: mistakes end with exit code 2, things that are wider than they look are warnings (exit code 0).',
    )
    .argument('[paths...]', 'folders or files with policies')
    .addOption(textOrJsonOption())
    .addHelpText('after', '\nExample:\n  imagegate policy lint examples/policies/trusted-registries');
  return addSettingFlags(command, lintSettings, {
    policies: 'Folder or file with policies, as for the other commands; repeatable.',
  }).action(
    async (paths: readonly string[], { output, ...flags }: { readonly output: TextOrJson } & Flags) => {
      const { policies } = readSettings(lintSettings, flags, terminal);
      const given = paths.length > 0 && policies.origin.kind !== 'flag' ? [] : policies.value;
      await lint([...new Set([...paths, ...given])], output, terminal);
    },
  );
};

export const command: CommandModule['command'] = (terminal) =>
  new Command('policy')
    .description('Works on policies.')
    .addHelpText('after', '\nExample:\n  imagegate policy lint policies/')
    .addCommand(lintCommand(terminal));
