import { Command } from 'commander';
import { resolve } from 'node:path';
import type { Decision } from '../../core/decision/decision.ts';
import { findingCodes, skipCodes } from '../../core/decision/reason.ts';
import { reasons } from '../../core/decision/reasons.ts';
import { suggest } from '../../core/policy/suggestion.ts';
import type { CommandModule } from '../commands.ts';
import { exitCode } from '../exit-code.ts';
import { openRecord } from '../record.ts';
import { renderDecision } from '../render/decision-text.ts';
import { UsageError } from '../terminal.ts';

const codes: readonly string[] = [...findingCodes, ...skipCodes];

const isReason = (text: string): text is keyof typeof reasons => Object.hasOwn(reasons, text);

const explainCode = (code: keyof typeof reasons): string => {
  const { title, meaning, fix } = reasons[code];
  return `${code}: ${title}\n\nWhat it means\n  ${meaning}\n\nWhat to do\n  ${fix}\n`;
};

interface ExplainOptions {
  readonly data: string;
  readonly output: 'text' | 'json';
}

export const command: CommandModule['command'] = (terminal, done) =>
  new Command('explain')
    .description('Explains a reason code, or one decision of the record.')
    .argument('<code-or-id>', 'a reason code such as registry-not-allowed, or the id of a decision')
    .option('--data <dir>', 'folder of the record', './.imagegate')
    .option('-o, --output <format>', 'text|json', 'text')
    .addHelpText(
      'after',
      '\nExamples:\n  imagegate explain registry-not-allowed\n  imagegate explain web-0-06fkx3… --data /var/lib/imagegate',
    )
    .action((asked: string, { data, output }: ExplainOptions) => {
      if (output !== 'text' && output !== 'json')
        throw new UsageError([`-o ${String(output)}: use text or json`]);
      if (isReason(asked)) {
        terminal.out(
          output === 'json'
            ? `${JSON.stringify({ code: asked, ...reasons[asked] }, undefined, 2)}\n`
            : explainCode(asked),
        );
        return;
      }
      if (/^[a-z-]+$/.test(asked)) {
        const near = suggest(asked, codes);
        const hint = near === undefined ? `the codes are: ${codes.join(', ')}` : `did you mean ${near}?`;
        throw new UsageError([`there is no reason code "${asked}"; ${hint}`]);
      }
      const record = openRecord(resolve(data));
      try {
        const json = record.find(asked);
        if (json === undefined)
          throw new UsageError([
            `decision ${asked} is not in the record under ${data}; it may have been pruned, or lie with another replica`,
          ]);
        terminal.out(output === 'json' ? `${json}\n` : renderDecision(JSON.parse(json) as Decision));
      } finally {
        record.close();
      }
      done(exitCode.clean);
    });
