import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { itemsOf } from './decision-list.ts';
import { folderWith, imagegate } from './imagegate.ts';
import { policyText } from './policies.ts';

const policies = folderWith({
  'deny.json': policyText('trusted', { checks: [{ registries: { allow: ['registry.example.com/**'] } }] }),
  'warn.json': policyText('digests', { mode: 'Warn', checks: [{ digest: { require: true } }] }),
});
const check = (args: readonly string[], cwd: string, input = '') =>
  imagegate(['check', 'manifest', '--policies', policies, ...args], { cwd, input });

const deployment = `# shop
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      containers:
        - name: good
          image: registry.example.com/a
        - name: bad
          image: evil.io/x
`;
const malformed = `apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec:\n  containers: nginx\n`;

interface Sarif {
  readonly runs: readonly {
    readonly columnKind: string;
    readonly originalUriBaseIds: Readonly<Record<string, { readonly uri: string }>>;
    readonly results: readonly {
      readonly level: string;
      readonly message: { readonly text: string };
      readonly partialFingerprints: object;
      readonly locations: readonly {
        readonly physicalLocation: {
          readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string };
          readonly region: { readonly startLine: number; readonly startColumn: number };
        };
      }[];
    }[];
  }[];
}

const sarifOf = async (args: readonly string[], cwd: string, input = '') => {
  const ended = await check([...args, '-o', 'sarif'], cwd, input);
  const [run] = (JSON.parse(ended.stdout) as Sarif).runs;
  if (run === undefined) throw new Error(ended.stderr);
  return run;
};

/** Which file a program finds behind the location of a result, as SARIF 2.1.0 resolves it. */
const resolvedFile = (run: Awaited<ReturnType<typeof sarifOf>>): string => {
  const location = run.results[0]?.locations[0]?.physicalLocation.artifactLocation;
  const base =
    location?.uriBaseId === undefined ? undefined : run.originalUriBaseIds[location.uriBaseId]?.uri;
  return fileURLToPath(new URL(location?.uri ?? '', base));
};

describe('every output names the place of the value and its field', () => {
  const cwd = folderWith({ 'app.yaml': deployment, 'bad.yaml': malformed });

  test('table: file, line and column, and a column for the field', async () => {
    const { stdout } = await check(['-f', 'app.yaml'], cwd);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/ {3,}/));
    expect(rows[0]).toEqual(['VERDICT', 'WHERE', 'OBJECT', 'MODE', 'POLICY', 'FIELD', 'REASON']);
    expect(rows.slice(1).map((row) => [row[1], row[3], row[5]])).toEqual([
      ['app.yaml:10:18', 'warn', 'spec.template.spec.containers[0].image'],
      ['app.yaml:12:18', 'warn', 'spec.template.spec.containers[1].image'],
      ['app.yaml:12:18', 'deny', 'spec.template.spec.containers[1].image'],
    ]);
  });
  test('JSON: each finding has its own place, the object that of what denies', async () => {
    const [item] = itemsOf(await check(['-f', 'app.yaml', '-o', 'json'], cwd));
    expect(item?.object).toMatchObject({ file: 'app.yaml', line: 12, column: 18 });
    expect(item?.findings.map(({ line, column }) => [line, column])).toEqual([
      [10, 18],
      [12, 18],
      [12, 18],
    ]);
  });
  test('SARIF: region with line and column in UTF-16 units, the field in the message', async () => {
    const { columnKind, results } = await sarifOf(['-f', 'app.yaml'], cwd);
    expect(columnKind).toBe('utf16CodeUnits');
    const denied = results.find(({ level }) => level === 'error');
    expect(denied?.locations[0]?.physicalLocation.region).toEqual({ startLine: 12, startColumn: 18 });
    expect(denied?.message.text).toMatch(/^spec\.template\.spec\.containers\[1\]\.image: /);
  });
  test('JUnit: file and line of the case, place and field in its text', async () => {
    const { stdout } = await check(['-f', 'app.yaml', '-o', 'junit'], cwd);
    expect(stdout).toContain('name="default/Deployment/web" classname="imagegate" file="app.yaml" line="12"');
    expect(stdout).toContain('message="spec.template.spec.containers[1].image: image ');
    expect(stdout).toContain('>app.yaml:12:18 spec.template.spec.containers[1].image\n');
    expect(stdout).toContain('Warn: spec.template.spec.containers[0].image: ');
  });
  test('a sentence that says nothing without its field has it in every output', async () => {
    const all = await Promise.all(
      ['table', 'sarif', 'junit', 'json'].map((format) => check(['-f', 'bad.yaml', '-o', format], cwd)),
    );
    for (const { stdout } of all) {
      expect(stdout).toContain('must be a list');
      expect(stdout).toContain('spec.containers');
      expect(stdout).toMatch(/bad\.yaml:5:15|"startLine": 5,\s+"startColumn": 15|"line": 5,\s+"column": 15/);
    }
  });
  test.each([
    ['metadata that is none', 'apiVersion: v1\nkind: Pod\nmetadata: 5\n', 'metadata', 'x.yaml:3:11'],
    ['a kind that nobody knows', 'apiVersion: a.io/v1\nkind: Fleet\n', 'kind', 'x.yaml:2:7'],
  ])('the gate itself names the field: %s', async (_title, text, field, place) => {
    const { stdout } = await check(
      ['-f', 'x.yaml', '--unknown-kinds', 'deny'],
      folderWith({ 'x.yaml': text }),
    );
    expect(stdout).toContain(`${place} `);
    expect(stdout).toContain(`   ${field}   `);
  });
});

describe('SARIF finds the file, whatever was typed after -f', () => {
  const make = (): string => {
    const folder = realpathSync(
      folderWith({ 'repo/deploy/app.yaml': deployment, 'outside.yaml': deployment }),
    );
    mkdirSync(join(folder, 'repo', '.git'));
    symlinkSync(join(folder, 'repo'), join(folder, 'link'));
    return folder;
  };
  test.each<[string, string, (folder: string) => string]>([
    ['a path', 'repo', () => 'deploy/app.yaml'],
    ['./', 'repo', () => './deploy/app.yaml'],
    ['a folder', 'repo', () => 'deploy'],
    ['a folder with a slash', 'repo', () => 'deploy/'],
    ['..', 'repo/deploy', () => '../deploy/app.yaml'],
    ['a name in a folder of the repository', 'repo/deploy', () => 'app.yaml'],
    ['an absolute path', 'repo', (folder) => join(folder, 'repo/deploy/app.yaml')],
    ['an absolute path through a link', 'repo', (folder) => join(folder, 'link/deploy/app.yaml')],
  ])('%s', async (_title, at, path) => {
    const folder = make();
    const run = await sarifOf(['-f', path(folder)], join(folder, at));
    expect(run.originalUriBaseIds).toEqual({ '%SRCROOT%': { uri: pathToFileURL(`${folder}/repo/`).href } });
    expect(run.results[0]?.locations[0]?.physicalLocation.artifactLocation).toEqual({
      uri: 'deploy/app.yaml',
      uriBaseId: '%SRCROOT%',
    });
    expect(resolvedFile(run)).toBe(join(folder, 'repo/deploy/app.yaml'));
  });
  test('one finding has one fingerprint, however its file was named', async () => {
    const folder = make();
    const runs = await Promise.all([
      sarifOf(['-f', 'deploy/app.yaml'], join(folder, 'repo')),
      sarifOf(['-f', '../deploy'], join(folder, 'repo/deploy')),
    ]);
    const [one, two] = runs.map(({ results }) =>
      results.map(({ partialFingerprints }) => partialFingerprints),
    );
    expect(one).toEqual(two);
  });
  test('outside of a repository the working folder is the base', async () => {
    const folder = realpathSync(folderWith({ 'a/app.yaml': deployment }));
    const run = await sarifOf(['-f', join(folder, 'a')], folder);
    expect(run.originalUriBaseIds['%SRCROOT%']?.uri).toBe(pathToFileURL(`${folder}/`).href);
    expect(resolvedFile(run)).toBe(join(folder, 'a/app.yaml'));
  });
  test('a file outside of both is named in full', async () => {
    const folder = make();
    const run = await sarifOf(['-f', '../outside.yaml'], join(folder, 'repo'));
    const location = run.results[0]?.locations[0]?.physicalLocation.artifactLocation;
    expect(location).toEqual({ uri: pathToFileURL(join(folder, 'outside.yaml')).href });
  });
  test.each(['a b#c?d%41.yaml', 'x:y.yaml', 'ü\u{1f600}.yaml', '..double.yaml'])('%s', async (name) => {
    const folder = realpathSync(folderWith({ [name]: deployment }));
    const run = await sarifOf(['-f', name], folder);
    expect(run.results[0]?.locations[0]?.physicalLocation.artifactLocation.uriBaseId).toBe('%SRCROOT%');
    expect(resolvedFile(run)).toBe(join(folder, name));
  });
  test('standard input is no file and has no base; a file of that name has one', async () => {
    const folder = realpathSync(folderWith({ stdin: deployment }));
    const piped = await sarifOf(['-f', '-'], folder, deployment);
    expect(piped.results[0]?.locations[0]?.physicalLocation.artifactLocation).toEqual({ uri: 'stdin' });
    expect(resolvedFile(await sarifOf(['-f', 'stdin'], folder))).toBe(join(folder, 'stdin'));
  });
});
