import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Decision } from '../../core/decision/decision.ts';
import { parseDuration } from '../../config/duration.ts';
import type { CommandModule } from '../commands.ts';
import { outputOption, writeOutputs } from '../outputs.ts';
import type { OutputTarget } from '../outputs.ts';
import { openRecord } from '../record.ts';
import type { Terminal } from '../terminal.ts';

interface DecisionsOptions {
  readonly data: string;
  readonly since?: number;
  readonly denied?: true;
  readonly limit: number;
  readonly output?: readonly OutputTarget[];
}

const duration = (text: string): number => {
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new InvalidArgumentError(`${parsed.error}.`);
  return parsed.value;
};

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('write a whole number from 1 on.');
  return value;
};

/** A list of any length as one JSON object, written item by item. */
const streamJson = async (items: AsyncIterable<string>, terminal: Terminal): Promise<void> => {
  terminal.out('{\n  "apiVersion": "imagegate.dev/v1alpha1",\n  "kind": "DecisionList",\n  "items": [');
  let first = true;
  for await (const json of items) {
    terminal.out(`${first ? '\n' : ',\n'}    ${json}`);
    first = false;
  }
  terminal.out(first ? ']\n}\n' : '\n  ]\n}\n');
};

export const command: CommandModule['command'] = (terminal) =>
  new Command('decisions')
    .description('Reads the record of decisions, newest first, while the gate runs or not.')
    .option('--data <dir>', 'the --data of the gate', './.imagegate')
    .option('--since <duration>', 'only decisions of the last 30s, 10m, 1h, 7d …', duration)
    .option('--denied', 'only denials')
    .option('--limit <n>', 'at most so many', count, 100)
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  imagegate decisions --denied --since 1h\n  imagegate decisions --limit 1 -o json',
    )
    .action(async ({ data, since, denied, limit, output }: DecisionsOptions) => {
      const record = openRecord(resolve(data));
      try {
        const query = {
          limit,
          ...(since === undefined ? {} : { since: Date.now() - since }),
          ...(denied === undefined ? {} : { denied }),
        };
        const onlyJson = output?.length === 1 && output[0]?.format === 'json' && output[0].file === undefined;
        if (onlyJson) return await streamJson(record.recent(query), terminal);
        const found = await Array.fromAsync(record.recent(query), (json) => JSON.parse(json) as Decision);
        await writeOutputs(found, output, terminal);
        if (found.length === 0) terminal.talk('no decisions match');
      } finally {
        record.close();
      }
    });
