import { resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Command } from 'commander';
import type { Decision } from '../../core/decision/decision.ts';
import { parseDuration } from '../../config/values/duration.ts';
import type { Flags } from '../../config/resolve.ts';
import type { CommandModule } from '../command-module.ts';
import { outputOption, writeOutputs, type OutputTarget } from '../check/outputs.ts';
import { openRecordReader, recordSettings } from '../record.ts';
import { addSettingFlags, readSettings } from '../setting-flags.ts';
import { UsageError, valueOrUsage, type Terminal } from '../terminal/terminal.ts';

interface DecisionsFlags {
  readonly since?: number;
  readonly denied?: true;
  readonly limit: number;
  readonly output?: readonly OutputTarget[];
}

const duration = (text: string): number => valueOrUsage(parseDuration(text), (why) => `--since ${why}`);

const count = (text: string): number => {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError([`--limit ${JSON.stringify(text)}: write a whole number from 1 on`]);
  return value;
};

/** After so many items the process checks whether stdout still has a reader. */
const pause = 256;

/** A list of any length as one JSON object, written item by item. */
const streamJson = async (items: AsyncIterable<string>, terminal: Terminal): Promise<void> => {
  terminal.out('{\n  "apiVersion": "imagegate.dev/v1alpha1",\n  "kind": "DecisionList",\n  "items": [');
  let count = 0;
  for await (const json of items) {
    terminal.out(`${count === 0 ? '\n' : ',\n'}    ${json}`);
    count++;
    if (count % pause !== 0) continue;
    await nextTurn();
    if (terminal.isUnread?.() === true) return;
  }
  terminal.out(count === 0 ? ']\n}\n' : '\n  ]\n}\n');
};

const print = async (flags: DecisionsFlags & Flags, terminal: Terminal): Promise<void> => {
  const { since, denied, limit, output, ...rest } = flags;
  const { data } = readSettings(recordSettings, rest, terminal);
  const record = openRecordReader(resolve(data.value));
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
    if (found.length === 0) terminal.talk('no decision matches');
  } finally {
    record.close();
  }
};

export const command: CommandModule['command'] = (terminal) => {
  const decisions = new Command('decisions')
    .description('Reads the record of decisions, newest first, while the gate runs or not.')
    .option('--since <duration>', 'Only decisions of the last 30s, 10m, 1h, 7d ….', duration)
    .option('--denied', 'Only denials.')
    .option('--limit <n>', 'At most so many.', count, 100)
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  imagegate decisions --denied --since 1h\n  imagegate decisions --limit 1 -o json',
    );
  return addSettingFlags(decisions, recordSettings).action((flags: DecisionsFlags & Flags) =>
    print(flags, terminal),
  );
};
