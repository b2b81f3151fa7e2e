import { Argument, Command } from 'commander';
import { resolve } from 'node:path';
import type { Flags } from '../../config/resolve.ts';
import type { Decision } from '../../core/decision/decision.ts';
import { findingCodes, skipCodes } from '../../core/reasons/reason.ts';
import { reasons } from '../../core/reasons/reasons.ts';
import { suggest } from '../../core/policy/load/suggestion.ts';
import { textOrJsonOption, type TextOrJson } from '../terminal/choice.ts';
import type { CommandModule } from '../command-module.ts';
import { openRecordReader, recordSettings } from '../record.ts';
import { renderDecision } from '../render/decision-text.ts';
import { addSettingFlags, readSettings } from '../setting-flags.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';

const codes: readonly string[] = [...new Set([...findingCodes, ...skipCodes])];

const isReason = (text: string): text is keyof typeof reasons => Object.hasOwn(reasons, text);

const explainCode = (code: keyof typeof reasons): string => {
  const { title, meaning, fix } = reasons[code];
  return `${code}: ${title}\n\nWhat it means\n  ${meaning}\n\nWhat to do\n  ${fix}\n`;
};

const unknownCode = (asked: string): UsageError => {
  const near = suggest(asked, codes);
  const hint = near === undefined ? `the codes are ${codes.join(', ')}` : `did you mean ${near}?`;
  return new UsageError([`there is no reason code ${JSON.stringify(asked)}; ${hint}`]);
};

const explainDecision = (id: string, flags: Flags, output: TextOrJson, terminal: Terminal): void => {
  const data = readSettings(recordSettings, flags, terminal).data.value;
  const record = openRecordReader(resolve(data));
  try {
    const json = record.find(id);
    if (json === undefined)
      throw new UsageError([
        `decision ${JSON.stringify(id)} is not in the record under ${data}; it may have been pruned, or lie with another replica`,
      ]);
    terminal.out(output === 'json' ? `${json}\n` : renderDecision(JSON.parse(json) as Decision));
  } finally {
    record.close();
  }
};

export const command: CommandModule['command'] = (terminal) => {
  const explain = new Command('explain')
    .description('Explains a reason code, or one decision of the record.')
    .addArgument(
      new Argument('<code-or-id>', 'a reason code such as registry-not-allowed, or the id of a decision'),
    )
    .addOption(textOrJsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  imagegate explain registry-not-allowed\n  imagegate explain web-0-01m7xvy83a0000p5z --data /var/lib/imagegate',
    );
  return addSettingFlags(explain, recordSettings).action(
    (asked: string, { output, ...flags }: { readonly output: TextOrJson } & Flags) => {
      const code = asked.toLowerCase();
      if (isReason(code)) {
        const reason = { code, ...reasons[code] };
        terminal.out(output === 'json' ? `${JSON.stringify(reason, undefined, 2)}\n` : explainCode(code));
        return;
      }
      // Every id holds the time in digits, no code holds a digit.
      if (!/\d/.test(asked)) throw unknownCode(asked);
      explainDecision(asked, flags, output, terminal);
    },
  );
};
