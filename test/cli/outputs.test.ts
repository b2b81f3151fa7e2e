import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createReviewOf } from './admission-review.ts';
import { golden, normalised } from './golden.ts';
import { itemsOf } from './decision-list.ts';
import { bin, eventually, folderWith, imagegate, root, startProgram, type Ended } from './imagegate.ts';
import { pod, policyText } from './policies.ts';
import { startGate, type RunningGate } from './running-gate.ts';

const inputs = ['several-documents.yaml', 'every-place.yaml', 'kubectl-get-list.json'];
/** Fixtures stand in the golden files by these names, so they are run in a folder that holds them: no repository. */
const cwd = folderWith(
  Object.fromEntries(
    inputs.map((file) => [file, readFileSync(join(root, 'test', 'fixtures', 'manifests', file))]),
  ),
);
const policies = folderWith({
  'deny.json': policyText('trusted', {
    checks: [{ registries: { allow: ['registry.example.com/**'], platform: ['cr.l5d.io/linkerd/*'] } }],
  }),
  'warn.json': policyText('tags', { mode: 'Warn', checks: [{ tags: { deny: ['latest'] } }] }),
  'audit.json': policyText('digests', { mode: 'Audit', checks: [{ digest: { require: true } }] }),
});
const check = (...args: string[]): Promise<Ended> =>
  imagegate(
    ['check', 'manifest', '--policies', policies, ...inputs.flatMap((file) => ['-f', file]), ...args],
    { cwd },
  );

describe('golden files guard the shape of what scripts read; `UPDATE_GOLDEN=1 npx vitest run test/cli` renews them', () => {
  test.each([
    ['table', 'check.txt'],
    ['json', 'check.json'],
    ['yaml', 'check.yaml'],
    ['sarif', 'check.sarif'],
    ['junit', 'check.junit.xml'],
  ])('check manifest -o %s', async (format, file) => {
    const ended = await check('-o', format);
    expect(ended.code).toBe(1);
    golden(
      file,
      normalised(ended.stdout.replaceAll(pathToFileURL(realpathSync(cwd)).href, 'file:///FOLDER')),
    );
  });

  test('the golden JSON holds every field that a decision of a manifest can have', () => {
    const text = readFileSync(join(root, 'test', 'golden', 'check.json.golden'), 'utf8');
    const fields = [
      'file',
      'line',
      'column',
      'namespace',
      'name',
      'reference',
      'digest',
      'path',
      'detail',
      'remedy',
      'warnings',
    ];
    for (const field of fields) expect(text).toContain(`"${field}":`);
  });
});

describe('one result, many formats', () => {
  test('-o is repeatable with FILE, and the files hold what standard output would', async () => {
    const out = folderWith();
    const files = ['json', 'yaml', 'sarif', 'junit', 'table'].map(
      (format) => `${format}=${join(out, format)}`,
    );
    const ended = await check('-o', 'table', ...files.flatMap((target) => ['-o', target]));
    const written = (format: string): string => readFileSync(join(out, format), 'utf8');
    expect(ended.code).toBe(1);
    expect(written('table')).toBe(ended.stdout);
    expect(normalised(written('json'))).toBe(normalised((await check('-o', 'json')).stdout));
    expect(parse(written('yaml'))).toEqual(JSON.parse(written('json')));
    expect(JSON.parse(written('sarif'))).toMatchObject({ version: '2.1.0' });
    expect(written('junit')).toMatch(/^<\?xml /);
  });

  test('with files alone, standard output stays empty', async () => {
    const ended = await check('-o', `json=${join(folderWith(), 'out.json')}`);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
  });

  test('the table is the default', async () => {
    expect((await check()).stdout).toBe((await check('-o', 'table')).stdout);
  });

  test('an empty result is a valid document in each format', async () => {
    const empty = (format: string) =>
      imagegate(['check', 'manifest', '--policies', policies, '-f', '-', '-o', format], {
        input: 'apiVersion: v1\nkind: Service\n',
      });
    expect(itemsOf(await empty('json'))).toEqual([]);
    expect((await empty('table')).stdout).toBe('');
    expect(parse((await empty('yaml')).stdout)).toMatchObject({ kind: 'DecisionList', items: [] });
    expect(JSON.parse((await empty('sarif')).stdout)).toMatchObject({ runs: [{ results: [] }] });
    expect((await empty('junit')).stdout).toContain('<testsuites>');
  });

  test('SARIF says where: file, line and a fingerprint that does not change with the line', async () => {
    interface Sarif {
      readonly runs: readonly {
        readonly results: readonly {
          readonly ruleId: string;
          readonly level: string;
          readonly partialFingerprints: object;
          readonly locations: readonly { readonly physicalLocation: object }[];
        }[];
      }[];
    }
    const text = JSON.stringify(pod('web', 'nginx'));
    const run = async (input: string) => {
      const ended = await imagegate(['check', 'manifest', '--policies', policies, '-f', '-', '-o', 'sarif'], {
        input,
      });
      return (JSON.parse(ended.stdout) as Sarif).runs[0]!.results;
    };
    const [first, moved] = await Promise.all([run(text), run(`\n\n\n${text}`)]);
    expect(first.map(({ ruleId, level }) => `${ruleId} ${level}`)).toEqual([
      'digest-missing note',
      'tag-denied warning',
      'registry-not-allowed error',
    ]);
    expect(first[0]!.locations[0]!.physicalLocation).toEqual({
      artifactLocation: { uri: 'stdin' },
      region: { startLine: 1, startColumn: text.indexOf('"nginx"') + 1 },
    });
    expect(moved.map((result) => result.partialFingerprints)).toEqual(
      first.map((result) => result.partialFingerprints),
    );
    expect(moved[0]!.locations).not.toEqual(first[0]!.locations);
  });

  test('JUnit can be read by a strict XML parser, whatever stands in the objects', async () => {
    const hostile = JSON.stringify(pod('<&"\']]>\u0000\u001b\ud800', 'x&<y>"'));
    const ended = await imagegate(['check', 'manifest', '--policies', policies, '-f', '-', '-o', 'junit'], {
      input: hostile,
    });
    expect(ended.code).toBe(1);
    // eslint-disable-next-line no-control-regex
    expect(ended.stdout).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
    expect(ended.stdout.replaceAll(/&(amp|lt|gt|quot|apos);/g, '')).not.toContain('&');
    expect(ended.stdout.match(/<testcase /g)).toHaveLength(1);
  });

  test('no format prints colour, with or without NO_COLOR and FORCE_COLOR', async () => {
    const args = ['check', 'manifest', '--policies', policies, '-f', 'every-place.yaml'];
    const outputs = await Promise.all([
      imagegate(args, { cwd }),
      imagegate(args, { cwd, env: { NO_COLOR: '1' } }),
      imagegate(args, { cwd, env: { FORCE_COLOR: '1' } }),
    ]);
    for (const { stdout, stderr } of outputs) expect(stdout + stderr).not.toContain('\u001b');
    expect(new Set(outputs.map(({ stdout }) => stdout)).size).toBe(1);
  });

  test('a reader of standard output that stops early (| head) sees no stack trace', async () => {
    const script = `"$1" "$2" check manifest --policies "$3" -f every-place.yaml -o json 2>&1 | head -n 1`;
    const ended = await startProgram('bash', ['-c', script, 'bash', process.execPath, bin, policies], { cwd })
      .ended;
    expect(ended).toMatchObject({ code: 0, stdout: '{\n', stderr: '' });
  });
});

describe('golden: the decision record of a running gate', () => {
  let gate: RunningGate;
  beforeAll(async () => {
    gate = await startGate(policies, ['--replica', 'golden']);
  });
  afterAll(() => gate.stop());

  test('decisions -o json, newest first, and explain', async () => {
    const fleet = { apiVersion: 'example.com/v1', kind: 'Fleet', metadata: { name: 'ships' }, spec: {} };
    const reviews = [
      createReviewOf({ ...pod('web', 'nginx') }, '00000000-0000-4000-8000-000000000001', 'shop'),
      createReviewOf(
        { ...pod('good', `registry.example.com/a@sha256:${'4'.repeat(64)}`) },
        '00000000-0000-4000-8000-000000000002',
      ),
      createReviewOf(fleet, '00000000-0000-4000-8000-000000000003'),
    ];
    for (const review of reviews) await gate.post(review);
    // Made twice: one entry, the latest.
    const again = createReviewOf({ ...pod('web', 'nginx') }, '00000000-0000-4000-8000-000000000004', 'shop');
    await gate.post(again);
    const items = await eventually('the repeat is recorded', async () => {
      const found = await gate.recorded(3);
      return found[0]?.count === 2 ? found : undefined;
    });
    const list = await imagegate(['decisions', '--data', gate.data, '-o', 'json']);
    golden('decisions.json', normalised(`${JSON.stringify(JSON.parse(list.stdout), undefined, 2)}\n`));
    const denied = items[0]!;
    const explained = await imagegate(['explain', denied.id, '--data', gate.data]);
    golden('explain.txt', normalised(explained.stdout));
    const asJson = await imagegate(['explain', denied.id, '--data', gate.data, '-o', 'json']);
    expect(JSON.parse(asJson.stdout)).toEqual(denied);
  });
});
