import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findingCodes, skipCodes } from '../../src/core/reasons/reason.ts';
import { createReviewOf } from './admission-review.ts';
import { itemsOf } from './decision-list.ts';
import { eventually, folderWith, imagegate } from './imagegate.ts';
import { foreign, pod, policyFolder, trusted } from './policies.ts';
import { startGate, type RunningGate } from './running-gate.ts';

const count = 130;
const isDenied = (index: number): boolean => index % 10 === 0;
const uidOf = (index: number): string => `uid-${String(index).padStart(4, '0')}`;

let gate: RunningGate;
beforeAll(async () => {
  gate = await startGate(policyFolder(), ['--replica', 'web-0']);
  for (let index = 0; index < count; index++) {
    const object = pod(`p${index}`, isDenied(index) ? foreign : trusted, { namespace: 'shop' });
    await gate.post(createReviewOf({ ...object }, uidOf(index)));
  }
  await gate.recorded(count);
});
afterAll(() => gate.stop('SIGKILL'));

const decisions = (...args: string[]) => imagegate(['decisions', '--data', gate.data, '-o', 'json', ...args]);
const uids = async (...args: string[]): Promise<readonly (string | undefined)[]> =>
  itemsOf(await decisions(...args)).map(({ uid }) => uid);
const newestFirst = Array.from({ length: count }, (_, index) => uidOf(count - 1 - index));

const reads = (): void => {
  test('newest first, 100 unless --limit says otherwise', async () => {
    expect(await uids()).toEqual(newestFirst.slice(0, 100));
  });
  test('--limit has no lower cap', async () => {
    expect(await uids('--limit', '100000')).toEqual(newestFirst);
    expect(await uids('--limit', '3')).toEqual(newestFirst.slice(0, 3));
  });
  test('--denied alone', async () => {
    const denied = itemsOf(await decisions('--denied'));
    expect(denied).toHaveLength(count / 10);
    expect(denied.every(({ allowed }) => !allowed)).toBe(true);
  });
  test('--since, with every unit, and both filters at once', async () => {
    expect(await uids('--since', '1h', '--limit', '1000')).toHaveLength(count);
    expect(await uids('--since', '1d', '--denied', '--limit', '2')).toEqual(
      newestFirst.filter((_, at) => isDenied(count - 1 - at)).slice(0, 2),
    );
  });
  test('explain shows one of them by its id', async () => {
    const [item] = itemsOf(await decisions('--denied', '--limit', '1'));
    const ended = await imagegate(['explain', item!.id, '--data', gate.data]);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain(`decision ${item!.id}\ndenied: CREATE shop/Pod/`);
    expect(ended.stdout).toContain('registry-not-allowed');
  });
};

describe('decisions while the gate runs', () => {
  reads();
  test('ids begin with the name of the replica and grow with time (R18)', async () => {
    const ids = itemsOf(await decisions()).map(({ id }) => id);
    expect(ids.every((id) => id.startsWith('web-0-'))).toBe(true);
    expect(ids).toEqual([...ids].sort().reverse());
  });
  test('--since leaves older ones out', async () => {
    await new Promise((later) => setTimeout(later, 8_100));
    await gate.post(createReviewOf({ ...pod('late', trusted) }, 'uid-late'));
    await gate.recorded(count + 1);
    const late = await uids('--since', '8s');
    expect(late[0]).toBe('uid-late');
    expect(late.length).toBeLessThan(count);
    newestFirst.unshift('uid-late');
  });
  test('the table and the other formats hold the same', async () => {
    const table = await imagegate(['decisions', '--data', gate.data, '--denied', '--limit', '2']);
    expect(table.stdout.split('\n')[0]).toMatch(/^VERDICT +WHERE +OBJECT +MODE +POLICY +FIELD +REASON$/);
    expect(table.stdout.match(/^denied/gm)).toHaveLength(2);
    const sarif = await imagegate(['decisions', '--data', gate.data, '--denied', '-o', 'sarif']);
    expect(JSON.parse(sarif.stdout)).toMatchObject({ runs: [{ tool: { driver: { name: 'imagegate' } } }] });
  });
  test('--data has its twin in the environment', async () => {
    const ended = await imagegate(['decisions', '-o', 'json', '--limit', '1'], {
      env: { IMAGEGATE_DATA: gate.data },
    });
    expect(itemsOf(ended)).toHaveLength(1);
  });
});

describe('a decision that was made before (R26)', () => {
  test('is one entry with a count, has the id that every refusal names, and pushes nothing out', async () => {
    const other = await startGate(policyFolder(), ['--replica', 'web-1']);
    const refusalOf = async (name: string, uid: string): Promise<string> => {
      const { text } = await other.post(
        createReviewOf({ ...pod(name, foreign, { namespace: 'shop' }) }, uid),
      );
      return /imagegate explain ([\w-]+)/.exec(text)?.[1] ?? '';
    };
    const first = await refusalOf('web', 'uid-0');
    const alone = await refusalOf('api', 'uid-api');
    const named = new Set<string>();
    for (let n = 1; n < 50; n++) named.add(await refusalOf('web', `uid-${n}`));
    expect(named).toEqual(new Set([first]));
    await eventually('50 are counted', async () => {
      const [item] = await other.recorded(2);
      return item?.count === 50 ? item : undefined;
    });
    const list = await imagegate(['decisions', '--data', other.data, '-o', 'json']);
    const [latest, single, ...more] = itemsOf(list);
    expect(more).toEqual([]);
    expect(latest).toMatchObject({ id: first, uid: 'uid-49', count: 50 });
    expect(Date.parse(latest!.firstTime!)).toBeLessThan(Date.parse(latest!.time));
    expect(single).toMatchObject({ id: alone, uid: 'uid-api' });
    expect(single).not.toHaveProperty('count');
    expect(single).not.toHaveProperty('firstTime');
    const table = await imagegate(['decisions', '--data', other.data]);
    expect(table.stdout).toMatch(/^denied +\S+Z \(50 times\) +shop\/Pod\/web /m);
    const explained = await imagegate(['explain', first, '--data', other.data]);
    expect(explained.stdout).toContain(`the same was decided 50 times since ${latest!.firstTime!}`);
    expect((await other.stop()).code).toBe(0);
  });
});

describe('decisions after the gate was killed (R18)', () => {
  beforeAll(async () => {
    await gate.stop('SIGKILL');
  });
  test('the same are there', async () => {
    expect(await uids('--limit', '1000')).toEqual(newestFirst);
  });
  test('--denied and explain still work', async () => {
    const [item] = itemsOf(await decisions('--denied', '--limit', '1'));
    expect((await imagegate(['explain', item!.id, '--data', gate.data, '-o', 'json'])).code).toBe(0);
  });
});

describe('what cannot be answered says why', () => {
  test.each([
    ['a folder without a record', ['decisions', '--data', 'nowhere'], 'no decisions are recorded in'],
    [
      'explain without a record',
      ['explain', 'web-0-01m7xvy83a0000p5z'],
      'name the folder of the gate with --data',
    ],
    [
      'a record that is no database',
      ['decisions', '--data', folderWith({ 'imagegate.db': 'this is text, long enough to be looked at' })],
      'is not a database',
    ],
    [
      '--since without unit',
      ['decisions', '--since', '5'],
      '--since "5" is no duration; write a whole number and a unit',
    ],
    ['--limit 0', ['decisions', '--limit', '0'], '--limit "0": write a whole number from 1 on'],
    ['--limit in words', ['decisions', '--limit', 'all'], '--limit "all": write a whole number from 1 on'],
    ['a format that does not exist', ['decisions', '-o', 'tabel'], 'did you mean table?'],
    [
      'a misspelt reason code',
      ['explain', 'registry-not-alowed'],
      'there is no reason code "registry-not-alowed"; did you mean registry-not-allowed?',
    ],
    ['a word that is no reason code', ['explain', 'nonsense'], 'the codes are invalid-reference, '],
    ['nothing to explain', ['explain'], "missing required argument 'code-or-id'"],
  ])('%s', async (_title, args, sentence) => {
    const ended = await imagegate(args, { cwd: folderWith() });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr).not.toMatch(/^\s+at |defect of imagegate/m);
  });

  test('an id that is not in the record', async () => {
    const ended = await imagegate(['explain', 'web-0-000000000000000', '--data', gate.data]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('is not in the record under');
  });

  test('a record without decisions is empty, not an error', async () => {
    const data = folderWith();
    const empty = await startGate(policyFolder(), [], { data });
    expect(await empty.recorded(0)).toEqual([]);
    expect((await imagegate(['decisions', '--data', data])).stderr).toBe('no decision matches\n');
    expect((await empty.stop()).code).toBe(0);
    expect(itemsOf(await imagegate(['decisions', '--data', join(data, '.'), '-o', 'json']))).toEqual([]);
  });
});

describe('explain CODE', () => {
  test('every reason code is explained: what it means, what to do', async () => {
    const codes = [...new Set([...findingCodes, ...skipCodes])];
    const ended = await Promise.all(codes.slice(0, 3).map((code) => imagegate(['explain', code])));
    for (const { code, stdout } of ended) {
      expect(code).toBe(0);
      expect(stdout).toMatch(/^[a-z-]+: [A-Z].*\n\nWhat it means\n {2}\S.*\n\nWhat to do\n {2}\S.*\n$/);
    }
  });
  test('upper case is taken as well, and JSON for programs', async () => {
    const { code, stdout } = await imagegate(['explain', 'Registry-Not-Allowed', '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'registry-not-allowed',
      title: expect.any(String),
      meaning: expect.any(String),
      fix: expect.any(String),
    });
  });
});
