import { beforeAll, describe, expect, test } from 'vitest';
import { supportedDistributions } from '../src/core/vulnerability/distribution.ts';
import { lintPolicies } from '../src/core/policy/lint/lint.ts';
import { readPolicyFile } from '../src/core/trust-root/policy-file.ts';
import { itemsOf } from './cli/decision-list.ts';
import { folderWith, type Ended } from './cli/imagegate.ts';
import { stageRegistry, type RegistryStage } from './cli/registry-stage.ts';
import { criticalVector, cycloneDx, listFor, osvRecord, osvZip } from './fakes/advisories.ts';
import { anyExpression } from './fakes/policy-set.ts';
import { layerOf, layoutOf, pythonPackage, tarOfFiles, type LayoutFiles } from './fakes/image-layout.ts';
import type { Written } from './fakes/tar-writer.ts';
import { image } from './fakes/registry/registry-content.ts';
import { blocks, read, section } from './markdown.ts';

const page = read('docs/vulnerabilities.md');
const written = 'registry.example.com/shop/web:1.4.2';
const ofDefender = blocks(read('docs/policy.md'), 'yaml').filter((block) => block.includes('like-defender'));
const policies = [...blocks(page, 'yaml'), ...ofDefender];
const steps = blocks(page, 'sh').flatMap((block) => block.trim().split('\n'));

const hole = (id: string, name: string, more: object = {}): object =>
  osvRecord(id, { ecosystem: 'PyPI', name, fixed: '2.0', vector: criticalVector, ...more });
const records = [hole('CVE-2026-1', 'jinja2'), hole('CVE-2021-44228', 'log4j', { severity: 'LOW' })];

let stage: RegistryStage;
let cwd = '';
const run = (line: string, ...more: readonly string[]): Promise<Ended> => {
  const [program, ...args] = line.replaceAll('registry.example.com', stage.host).trim().split(/ +/);
  expect(program).toBe('imagegate');
  const needsRegistry = args[0] === 'advisories' ? [] : stage.config;
  return stage.run([...args, ...needsRegistry, ...more], { cwd });
};
const withPolicy = (policy: string): string =>
  folderWith({
    'osv/PyPI/all.zip': osvZip(...records),
    'policies/policy.yaml': policy.replaceAll('registry.example.com', stage.host),
  });
let count = 0;
const pushWeb = (installed: Written, ...purls: readonly string[]): void => {
  count += 1;
  const web = image({ user: String(count), layers: [layerOf(installed)] });
  stage.registry.push('shop/web', web, '1.4.2');
  if (purls.length > 0) stage.registry.push('shop/web', listFor(web, cycloneDx(purls)));
};

beforeAll(async () => {
  stage = await stageRegistry();
});

test('each policy of docs/vulnerabilities.md, and that of Defender, is valid and has no lint remark', () => {
  expect(policies).toHaveLength(2);
  for (const policy of policies) {
    const loaded = readPolicyFile(policy, 'docs/vulnerabilities.md', anyExpression);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
    expect(
      lintPolicies(
        loaded.value.policies.map((one) => one.policy),
        Date.now(),
      ),
    ).toEqual([]);
  }
});

describe('the steps of docs/vulnerabilities.md', () => {
  test('lead from an import to a refused image, and the fixed one passes', async () => {
    cwd = withPolicy(policies[0] ?? '');
    const [importing = '', status = '', scan = '', check = ''] = steps;
    const today = new Date().toISOString().slice(0, 10);
    expect((await run(importing.replace(/\d{4}-\d\d-\d\d/, today))).code).toBe(0);
    expect((await run(status)).stdout).toContain('PyPI');
    pushWeb(pythonPackage('jinja2', '1.0'));
    expect(await run(scan)).toMatchObject({ code: 1, stdout: expect.stringContaining('CVE-2026-1') });
    const refused = await run(check, '-o', 'json');
    expect(refused.code).toBe(1);
    expect(itemsOf(refused)[0]?.findings.map(({ code }) => code)).toEqual(['vulnerable']);
    pushWeb(pythonPackage('jinja2', '2.0'));
    expect((await run(scan)).code).toBe(0);
    expect((await run(check)).code).toBe(0);
    expect(scan).toContain(written);
  });
});

const importToday = (): Promise<Ended> =>
  run(`imagegate advisories import osv --as-of ${new Date().toISOString().slice(0, 10)}`);

/** A command ends with 1 where the old package is installed, and with 0 where the fixed one is. */
const refusesUntilFixed = async (
  command: string,
  filesOf: (installed: Written) => LayoutFiles,
): Promise<void> => {
  for (const [version, code] of [
    ['1.0', 1],
    ['2.0', 0],
  ] as const) {
    cwd = folderWith({
      'osv/PyPI/all.zip': osvZip(...records),
      ...filesOf(pythonPackage('jinja2', version)),
    });
    await importToday();
    expect((await run(command)).code).toBe(code);
  }
};

test('policies judge an image in a file as the page says', async () => {
  const command = steps.find((step) => step.includes('--policies policies --name ')) ?? '';
  expect(command).toContain(written);
  await refusesUntilFixed(command, (installed) => ({
    'policies/policy.yaml': Buffer.from(policies[0] ?? ''),
    'web.tar': tarOfFiles(layoutOf([{ entries: [installed] }])),
  }));
});

const below = (folder: string, files: LayoutFiles): LayoutFiles =>
  Object.fromEntries(Object.entries(files).map(([file, bytes]) => [`${folder}/${file}`, bytes]));
test.each<[string, (name: string, installed: Written) => LayoutFiles]>([
  ['oci:', (name, installed) => below(name, layoutOf([{ entries: [installed] }]))],
  ['tar:', (name, installed) => ({ [name]: tarOfFiles(layoutOf([{ entries: [installed] }])) })],
  ['rootfs:', (name, installed) => below(name, { [installed.name]: Buffer.from(installed.content) })],
])('an image in files is scanned as the page says: %s', async (prefix, write) => {
  const command = steps.find((step) => step.startsWith(`imagegate scan ${prefix}`)) ?? '';
  const [, , target = ''] = command.split(' ');
  await refusesUntilFixed(command, (installed) => write(target.slice(prefix.length), installed));
});

describe('the rules of Defender in our words', () => {
  beforeAll(async () => {
    cwd = withPolicy(policies[1] ?? '');
    await importToday();
  });
  test.each<[string, readonly string[], string, readonly string[]]>([
    ['more of a severity than allowed', ['pkg:pypi/jinja2@1.0'], 'shop-a', ['vulnerable']],
    ['a CVE that is named', ['pkg:pypi/log4j@1.0'], 'shop-a', ['vulnerability-denied']],
    ['no scan result', [], 'shop-a', ['vulnerabilities-unscanned']],
    ['none of these', ['pkg:pypi/jinja2@2.0'], 'shop-a', []],
    ['another scope', ['pkg:pypi/jinja2@1.0'], 'other', ['unmatched']],
  ])('%s', async (_, purls, namespace, codes) => {
    pushWeb(pythonPackage('good', '1.0'), ...purls);
    const ended = await run(`imagegate check image ${written} --policies policies -n ${namespace} -o json`);
    expect(itemsOf(ended)[0]?.findings.map(({ code }) => code)).toEqual(codes);
  });
});

test('the page lists the systems that are judged, and no other', () => {
  const rows = section(page, '## What is supported')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (system|-)/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const releases = (list: readonly string[]): readonly string[] => [...list].sort();
  expect(rows.map(([, name, list = '']) => [name, releases(list.split(', '))])).toEqual(
    supportedDistributions.map((one) => [one.name, releases(Object.keys(one.releases))]),
  );
});
