import { existsSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, test } from 'vitest';
import { inventoryFile } from '../../src/adapters/store/inventory/database.ts';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import { criticalVector, osvRecord, osvZip } from '../fakes/advisories.ts';
import { debian, dpkgStatus, file, layerOf } from '../fakes/image-layout.ts';
import { image } from '../fakes/registry/registry-content.ts';
import { createReviewOf } from './admission-review.ts';
import { itemsOf } from './decision-list.ts';
import { eventually, folderWith, start } from './imagegate.ts';
import { pod, policyFolder, policyText } from './policies.ts';
import { stageRegistry, type RegistryStage } from './registry-stage.ts';
import { freePorts, postUntilLookedInto, startGate, type RunningGate } from './running-gate.ts';
import { importFeeds } from './scan-stage.ts';

/** What was found in images outlives the process that found it. */

const hole = osvRecord('DSA-1', {
  ecosystem: 'Debian:13',
  name: 'openssl',
  fixed: '2.0.0',
  vector: criticalVector,
});
let stage: RegistryStage;
let policies = '';
let count = 0;

const newData = async (): Promise<string> => {
  const data = folderWith();
  await importFeeds({ 'Debian/all.zip': osvZip(hole) }, data);
  return data;
};
/** An image whose layer nobody else has. */
const pushed = (version: string): string => {
  count += 1;
  const made = image({
    user: String(count),
    layers: [layerOf(debian, dpkgStatus('openssl', version), file('number', String(count)))],
  });
  stage.registry.push('team/web', made, `v${String(count)}`);
  return `${stage.host}/team/web@${made.digest}`;
};
const codesOf = async (reference: string, data: string) => {
  const args = ['check', 'image', reference, '--policies', policies, '--data', data, '-o', 'json'];
  const ended = await stage.run([...args, ...stage.config]);
  return itemsOf(ended)[0]?.findings.map(({ code }) => code);
};
/** Layers and configs. */
const blobsRead = (): number =>
  stage.registry.requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/')).length;
const change = (data: string, sql: string): unknown => {
  const database = new DatabaseSync(inventoryFile(data));
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
};
const review = async (gate: RunningGate, reference: string, uid: string): Promise<string> => {
  const answer = await postUntilLookedInto(gate, createReviewOf(pod('web', reference) as JsonObject, uid));
  return answer.response.status?.message ?? 'allowed';
};

beforeAll(async () => {
  stage = await stageRegistry();
  const check = { max: { critical: 0 }, unscanned: 'Deny', gaps: 'Deny' };
  const match = { images: [`${stage.host}/**`] };
  policies = policyFolder(policyText('holes', { match, checks: [{ vulnerabilities: check }] }));
});

describe('inventory.db under --data', () => {
  test('saves the second check the layers, and is readable by its owner alone', async () => {
    const data = await newData();
    const reference = pushed('1.0');
    stage.registry.forget();
    expect(await codesOf(reference, data)).toEqual(['vulnerable']);
    const first = blobsRead();
    stage.registry.forget();
    expect(await codesOf(reference, data)).toEqual(['vulnerable']);
    expect(blobsRead()).toBeLessThan(first);
    expect(statSync(inventoryFile(data)).mode & 0o777).toBe(0o600);
  });

  test('saves the second scan the layers, and says of them what they said', async () => {
    const data = await newData();
    const reference = pushed('1.0');
    const scan = async (): Promise<string> => {
      const ended = await stage.run(['scan', reference, '--data', data, '-o', 'json', ...stage.config]);
      expect([ended.code, ended.stderr]).toEqual([1, '']);
      return ended.stdout;
    };
    stage.registry.forget();
    const read = await scan();
    const first = blobsRead();
    expect(read).toContain('"path": "var/lib/dpkg/status"');
    stage.registry.forget();
    expect(await scan()).toBe(read);
    expect(blobsRead()).toBeLessThan(first);
    expect(await codesOf(reference, data)).toEqual(['vulnerable']);
    expect(change(data, 'SELECT holdings FROM lists')).toEqual([{ holdings: 1 }]);
  });

  test('serves the gate after a restart, which tells of it; a gate that judges no packages has none', async () => {
    const data = await newData();
    const reference = pushed('2.1');
    const first = await startGate(policies, stage.config, { data });
    expect(existsSync(inventoryFile(data))).toBe(false);
    expect((await first.readyz()).text).not.toContain('inventory');
    expect(await review(first, reference, 'one')).toBe('allowed');
    await eventually('a list in the inventory', async () => {
      const text = await (await fetch(`${first.admin}/metrics`)).text();
      return /^imagegate_inventory_written_total [1-9]/m.test(text) || undefined;
    });
    expect((await first.readyz()).text).toMatch(/^inventory: ok \(\d+ queued\)$/m);
    await first.stop();
    expect(change(data, 'SELECT holdings FROM lists')).toEqual([{ holdings: 1 }]);

    // A machine that does other work too may keep the inventory waiting; the gate then looks itself.
    await eventually('a gate whose inventory answers in its time', async () => {
      const next = await startGate(policies, stage.config, { data });
      expect(await review(next, reference, 'two')).toBe('allowed');
      const text = await (await fetch(`${next.admin}/metrics`)).text();
      await next.stop();
      return /^imagegate_scans_total\{outcome="listed"\} [1-9]/m.test(text) ? undefined : true;
    });
  });

  test('V16: damaged, it costs a look, is told, and makes no refusal a pass', async () => {
    const data = await newData();
    const reference = pushed('1.0');
    expect(await codesOf(reference, data)).toEqual(['vulnerable']);
    change(data, 'UPDATE lists SET holdings = 7');
    expect(await codesOf(reference, data)).toEqual(['vulnerable']);
    change(data, 'DROP TABLE holdings');
    expect(await codesOf(reference, data)).toEqual(['vulnerable']);
    const gate = await startGate(policies, stage.config, { data });
    expect(await review(gate, reference, 'one')).toContain('vulnerable');
    await eventually('the trouble', async () =>
      (await gate.readyz()).text.includes('inventory: trouble') ? true : undefined,
    );
    const ready = await gate.readyz();
    expect(ready.status).toBe(200);
    const text = await (await fetch(`${gate.admin}/metrics`)).text();
    expect(text).toContain('imagegate_inventory_failing 1');
    const { stderr } = await gate.stop();
    expect(stderr).toContain('package lists cannot be kept; the gate keeps answering');
  });

  test.each<[string, (data: string) => void, RegExp]>([
    [
      'a newer version wrote',
      (data) => change(data, "INSERT INTO kysely_migration VALUES ('0099-later', '2030-01-01')"),
      /--data: .*inventory\.db was written by a newer imagegate .*use that version or another --data/,
    ],
    [
      'is something else',
      (data) => writeFileSync(inventoryFile(data), 'these are my notes\n'.repeat(100)),
      /--data: .*inventory\.db: file is not a database/,
    ],
  ])('that %s is refused at the start, and no check believes it', async (_title, spoil, said) => {
    const data = await newData();
    const reference = pushed('1.0');
    await codesOf(reference, data);
    spoil(data);
    const started = start(['serve', '--policies', policies, '--data', data, ...freePorts]);
    const ended = await started.ended;
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(said);
    expect(await codesOf(reference, data)).toEqual(['vulnerable']);
  });
});
