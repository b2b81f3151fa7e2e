import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { signingKey } from '../fakes/claims.ts';
import { folderWith, imagegate, root } from './imagegate.ts';
import { policyText, trusting } from './policies.ts';

const wide = `# trusts everybody
apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata: { name: wide }
spec:
  checks:
    - registries:
        allow:
          - docker.io/**
`;
const attested = (expression: string): string => `apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata: { name: attested }
spec:
  checks:
    - attestation:
        predicateType: slsaprovenance1
        authorities:
          - { name: builder, key: { pem: ${JSON.stringify(signingKey().pem)} } }
        expression: ${expression}
`;
const files = folderWith({
  'attested/p.yaml': attested(
    'predicate.buildDefinition.externalParameters.workflow.ref.startsWith("refs/tags/")',
  ),
  'expression/p.yaml': attested("'predicate.level >'"),
  'misspelt/p.yaml': attested('predicat.level > 2'),
  'number/p.yaml': attested('1 + 1'),
  'good/p.json': trusting(),
  'wide/p.yaml': wide,
  'typo/p.yaml': wide.replace('registries', 'registeries'),
  'pattern/p.yaml': wide.replace('docker.io/**', '"*.example.com/**"'),
  'broken/p.yaml': 'spec: [',
  'twice/a.json': trusting(),
  'twice/b.json': trusting(),
  'empty/readme.txt': '',
  'comment/p.yaml': '# nothing\n',
  'future/p.json': policyText('future', {
    checks: [{ signature: { authorities: [{ name: 'notary', notation: { trustRoot: 'acme-notary' } }] } }],
  }),
});
const lint = (...args: string[]) => imagegate(['policy', 'lint', ...args], { cwd: files });

describe('policy lint: errors 2, warnings 0 (R20)', () => {
  test.each([
    ['good policies', ['good'], 0, '1 policy read, 0 warnings'],
    ['policies named by --policies', ['--policies', 'good'], 0, '1 policy read, 0 warnings'],
    ['one path given twice', ['good', '--policies', 'good'], 0, '1 policy read'],
    // The second: nothing is from both registries.
    ['several paths', ['good', 'wide'], 0, '2 policies read, 2 warnings'],
    ['a pattern that is wider than it looks (R6)', ['wide'], 0, '1 policy read, 1 warning'],
    ['a misspelt field (R9)', ['typo'], 2, 'typo/p.yaml:7:7: '],
    ['a pattern that is refused (R6)', ['pattern'], 2, 'pattern/p.yaml:9:'],
    ['broken YAML', ['broken'], 2, 'broken/p.yaml:1:'],
    ['a name that two policies have', ['twice'], 2, 'twice/b.json:1:'],
    ['a folder without policies (R8)', ['empty'], 2, 'empty: holds no ImagePolicy'],
    ['a file without a policy', ['comment'], 2, 'comment: holds no ImagePolicy'],
    ['a check that this version cannot run (R5)', ['future'], 2, 'notation'],
    ['an expression', ['attested'], 0, '1 policy read'],
    [
      'an expression that does not compile (R5)',
      ['expression'],
      2,
      'expression/p.yaml:10:9: the expression cannot be compiled: <input>:1:17: ',
    ],
    [
      'an expression that names what is not there (R5)',
      ['misspelt'],
      2,
      'misspelt/p.yaml:10:9: the expression cannot be compiled: it names predicat, which is unknown; it may name predicate, predicateType, subject',
    ],
    [
      'an expression that is never true or false (R5)',
      ['number'],
      2,
      'number/p.yaml:10:9: the expression cannot be compiled: its result is int, and it has to be true or false, at line 1, column 3',
    ],
    ['a path that is not there', ['nowhere'], 2, 'nowhere: there is no such file or folder; check the path'],
    ['no path', [], 2, 'no policies: name a folder or a file with --policies'],
    [
      'a format that does not exist',
      ['good', '-o', 'jsn'],
      2,
      '-o "jsn" is not one of text, json; did you mean json?',
    ],
  ])('%s', async (_title, args, code, sentence) => {
    const ended = await lint(...args);
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code });
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    if (code === 2) expect(ended.stdout).toBe('');
  });

  test.each([
    ['check image', ['check', 'image', 'r.example.com/web:1']],
    ['check manifest', ['check', 'manifest', '-f', 'attested/p.yaml']],
    ['serve', ['serve', '--listen', '127.0.0.1:0', '--data', 'data']],
  ])('an expression that does not compile is refused in the same way by %s (R5)', async (_command, args) => {
    const ended = await imagegate([...args, '--policies', 'expression'], { cwd: files });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(
      'expression/p.yaml:10:9: the expression cannot be compiled: <input>:1:17: ',
    );
  });

  test('a misspelt field is refused with the suggestion', async () => {
    expect((await lint('typo')).stderr).toMatch(/registeries.*did you mean "registries"\?/);
  });

  test('a warning names file, line, column and policy', async () => {
    const { stdout } = await lint('wide');
    expect(stdout).toMatch(/^wide\/p\.yaml:9:\d+: wide: docker\.io\/\*\* /);
  });

  test('-o json says the same to programs', async () => {
    const { stdout } = await lint('wide', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      policies: 1,
      remarks: [
        {
          file: 'wide/p.yaml',
          line: 9,
          policy: 'wide',
          path: ['spec', 'checks', 0, 'registries', 'allow', 0],
          severity: 'warning',
        },
      ],
    });
  });

  test('IMAGEGATE_POLICIES counts when no path is given', async () => {
    const env = { IMAGEGATE_POLICIES: 'wide' };
    expect((await imagegate(['policy', 'lint'], { cwd: files, env })).stderr).toContain('1 warning');
    expect((await imagegate(['policy', 'lint', 'good'], { cwd: files, env })).stderr).toContain('0 warnings');
  });
});

test('templates and constraints of Gatekeeper are read with the policies, and said so', async () => {
  const folder = join(root, 'examples', 'gatekeeper', 'document-004');
  expect(await lint(folder)).toMatchObject({
    code: 0,
    stderr: '0 policies and constraints of Gatekeeper read, 0 warnings\n',
  });
});
