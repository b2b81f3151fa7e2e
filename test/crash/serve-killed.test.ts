import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { decisionsFile } from '../../src/adapters/store/decisions/database.ts';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import { createReviewOf } from '../cli/admission-review.ts';
import { eventually, folderWith } from '../cli/imagegate.ts';
import { foreign, pod, policyFolder, trusted } from '../cli/policies.ts';
import { startGate, type RunningGate } from '../cli/running-gate.ts';

const lanes = 8;
const loadMs = 2_200;
/** What was answered so long before the kill must be on record. */
const graceMs = 1_000;
/** So many rounds must show that. In the others the machine may have been too busy to write so soon. */
const promptRounds = 3;
const maxRounds = 8;

interface Answered {
  readonly id: string;
  readonly at: number;
}

/** Asks on several connections until the gate is gone; every second image is foreign. */
const ask = async (
  gate: RunningGate,
  lane: number,
  answered: Answered[],
  isOver: () => boolean,
): Promise<void> => {
  for (let turn = 0; !isOver(); turn++) {
    const image = turn % 2 === 0 ? trusted : foreign;
    try {
      const { text, response } = await gate.post(
        createReviewOf(pod(`web-${lane}-${turn}`, image) as JsonObject, `uid-${turn}`),
      );
      expect(response.allowed).toBe(image === trusted);
      const id = /"decision":"([^"]+)"/.exec(text)?.[1];
      if (id === undefined) throw new Error(`an answer without a decision id: ${text}`);
      answered.push({ id, at: Date.now() });
    } catch (error) {
      if (isOver()) return;
      throw error;
    }
  }
};

/** How many decisions the gate says that it has written. */
const writtenBy = async ({ admin }: RunningGate): Promise<number> => {
  const text = await (await fetch(`${admin}/metrics`)).text();
  return Number(/^imagegate_record_written_total (\d+)$/m.exec(text)?.[1]);
};

interface Life {
  readonly answered: readonly Answered[];
  /** What the gate said just before. */
  readonly written: number;
  readonly killedAt: number;
}

const loadAndKill = async (gate: RunningGate): Promise<Life> => {
  const answered: Answered[] = [];
  let over = false;
  const asking = Promise.all(
    Array.from({ length: lanes }, (_, lane) => ask(gate, lane, answered, () => over)),
  );
  /** A machine that does other work too answers little in two seconds. */
  const enough = (): true | undefined =>
    answered.filter(({ at }) => at <= Date.now() - graceMs).length > lanes ? true : undefined;
  await Promise.race([
    asking,
    setTimeout(loadMs).then(() => eventually('answers that are a second old', enough, 60_000)),
  ]);
  const written = await eventually('a written decision', async () => (await writtenBy(gate)) || undefined);
  over = true;
  const killedAt = Date.now();
  const ended = gate.stop('SIGKILL');
  await asking;
  await ended;
  return { answered, written, killedAt };
};

const whatIsStored = (data: string): { integrity: unknown; ids: ReadonlySet<unknown> } => {
  const database = new DatabaseSync(decisionsFile(data));
  try {
    const integrity = database.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
    const rows = database.prepare('SELECT id FROM decisions').all();
    return { integrity, ids: new Set(rows.map(({ id }) => id)) };
  } finally {
    database.close();
  }
};

describe('kill -9 of serve while it answers over TLS', () => {
  test(
    'what it had answered a second before is on record, and the next gate starts on the same data (R14, R18)',
    { timeout: 600_000 },
    async () => {
      const data = folderWith();
      const policies = policyFolder();
      let kept = 0;
      let prompt = 0;
      for (let round = 0; round < maxRounds && prompt < promptRounds; round++) {
        const { answered, written, killedAt } = await loadAndKill(await startGate(policies, [], { data }));
        const due = answered.filter(({ at }) => at <= killedAt - graceMs);
        expect(due.length).toBeGreaterThan(lanes);
        const { integrity, ids } = whatIsStored(data);
        expect(integrity).toBe('ok');
        expect(ids.size).toBeGreaterThanOrEqual(kept + written);
        expect(written).toBeGreaterThan(0);
        kept = ids.size;
        if (due.every(({ id }) => ids.has(id))) prompt += 1;
      }
      expect(prompt).toBe(promptRounds);
    },
  );
});
