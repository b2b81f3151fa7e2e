import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import publicGood from '../trust-root/public-good.json' with { type: 'json' };
import { formatProblem } from '../../core/policy/load/document.ts';
import { createPolicyFiles, type PolicyFiles } from './policy-files.ts';
import { anyExpression } from '../../../test/fakes/policy-set.ts';
import { soon } from '../../../test/soon.ts';

let dir: string;
const opened: PolicyFiles<number>[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'trust-roots-'));
  await put('policy.yaml', policy);
});
afterEach(async () => {
  for (const files of opened.splice(0)) await files.close();
  await rm(dir, { recursive: true, force: true });
});

const policy = `apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata: { name: p }
spec: { checks: [{ digest: { require: true } }] }
`;
const rootOf = (name: string, spec: string): string =>
  `apiVersion: imagegate.dev/v1alpha1\nkind: TrustRoot\nmetadata: { name: ${name} }\nspec:\n  ${spec}\n`;
const fromFile = (name: string, file: string): string => rootOf(name, `sigstore: { file: ${file} }`);
const trustedRoot = JSON.stringify(publicGood);
const withoutStart = trustedRoot.replace('"start":"2021-01-12T11:53:27Z"', '');

const put = async (name: string, text: string): Promise<void> => {
  await mkdir(dirname(join(dir, name)), { recursive: true });
  await writeFile(join(dir, name), text);
};
const follow = (paths: readonly string[] = [dir], shippedRoots: readonly string[] = []) => {
  const changes: (readonly string[])[] = [];
  const problems: (readonly string[])[] = [];
  const files = createPolicyFiles({
    compileExpression: anyExpression,
    paths,
    shippedRoots,
    build: (policies) => policies.length,
    onChange: (loaded) => changes.push(loaded.trustRoots.map(({ name, id }) => `${name} ${id}`)),
    onProblem: (found) => problems.push(found.map(formatProblem)),
  });
  opened.push(files);
  return { files, changes, problems };
};
const load = async (
  paths?: readonly string[],
  shippedRoots?: readonly string[],
): Promise<readonly string[]> => {
  const loaded = await follow(paths, shippedRoots).files.load();
  return loaded.ok
    ? loaded.value.trustRoots.map(({ name, kind }) => `${name} ${kind}`)
    : loaded.error.map((problem) => formatProblem(problem).replaceAll(dir, 'DIR'));
};

describe('trust roots of a policy folder', () => {
  test('their text stands in the document, in a JSON file, or in lines of gh', async () => {
    await put('a.yaml', rootOf('inline', `sigstore: { trustedRoot: '${trustedRoot}' }`));
    await put('roots/b.yaml', fromFile('json', './b.json'));
    await put('roots/b.json', trustedRoot);
    await put('c.yaml', fromFile('lines', 'roots/c.jsonl'));
    await put('roots/c.jsonl', `${trustedRoot}\n${trustedRoot}\n`);
    await put('roots/unnamed.jsonl', 'nobody reads this');
    expect(await load()).toEqual(['inline sigstore', 'lines sigstore', 'json sigstore']);
  });

  test('equal content has one id, other content another, and it says when it was written', async () => {
    await put('a.yaml', fromFile('a', './a.json'));
    await put('b.yaml', rootOf('b', `sigstore: { trustedRoot: '${trustedRoot}' }`));
    await put('c.yaml', fromFile('c', './c.json'));
    await put('a.json', trustedRoot);
    await put('c.json', JSON.stringify(publicGood, undefined, 2));
    const loaded = await follow().files.load();
    if (!loaded.ok) throw new Error(loaded.error.map(formatProblem).join());
    const [a, b, c] = loaded.value.trustRoots;
    expect(a?.id).toBe(b?.id);
    expect(c?.id).not.toBe(a?.id);
    expect(Math.abs(Date.now() - (a?.writtenAt ?? 0))).toBeLessThan(60_000);
  });

  test.each<[string, Readonly<Record<string, string>>, readonly (string | RegExp)[]]>([
    [
      'S9: an entry without a start, in the document',
      { 'a.yaml': rootOf('a', `sigstore:\n    trustedRoot: '${withoutStart}'`) },
      ['DIR/a.yaml:6:5: trust root "a": tlogs[0].publicKey.validFor.start: missing field "start"'],
    ],
    [
      'S9: the same in a file',
      { 'a.yaml': fromFile('a', './a.json'), 'a.json': withoutStart },
      ['DIR/a.json: trust root "a": tlogs[0].publicKey.validFor.start: missing field "start"'],
    ],
    [
      'a truncated file',
      { 'a.yaml': fromFile('a', './a.json'), 'a.json': trustedRoot.slice(0, 2000) },
      [
        /^DIR\/a\.json: trust root "a": it is not JSON; a trusted_root\.json belongs here, and this text ends with /,
      ],
    ],
    ['an empty file', { 'a.yaml': fromFile('a', './a.json'), 'a.json': ' \n' }, ['DIR/a.json: is empty']],
    [
      'a huge file',
      { 'a.yaml': fromFile('a', './a.jsonl'), 'a.jsonl': `${trustedRoot}\n${' '.repeat(256 * 1024)}` },
      ['DIR/a.jsonl: trust root "a": is larger than 256 KiB'],
    ],
    [
      'a file that is not there',
      { 'a.yaml': fromFile('a', './b.json') },
      ['DIR/a.yaml:5:15: there is no file DIR/b.json, or another name of the same file was read before'],
    ],
    [
      'a PEM text without a CA',
      { 'a.yaml': rootOf('a', 'x509: { roots: PEM }') },
      ['DIR/a.yaml:5:11: trust root "a": holds no certificate in PEM form'],
    ],
    [
      'a JSON file that no trust root names',
      { 'b.json': trustedRoot },
      ['DIR/b.json:1:1: has neither apiVersion nor kind; an ImagePolicy or a TrustRoot belongs here'],
    ],
    [
      'one name twice',
      { 'a.yaml': fromFile('a', './a.json'), 'a.json': trustedRoot, 'b.yaml': fromFile('a', './a.json') },
      ['DIR/b.yaml:3:13: trust root "a" is already defined in DIR/a.yaml:1'],
    ],
  ])('%s is a problem with its place', async (_title, files, want) => {
    for (const [name, text] of Object.entries(files)) await put(name, text);
    const problems = await load();
    expect(problems).toHaveLength(want.length);
    problems.forEach((problem, index) => expect(problem).toMatch(want[index] ?? ''));
  });

  test('a link that leads out of the folder is refused; one within it is not', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'outside-'));
    try {
      await writeFile(join(outside, 'root.json'), trustedRoot);
      await put('a.yaml', fromFile('a', './a.json'));
      await symlink(join(outside, 'root.json'), join(dir, 'a.json'));
      expect(await load()).toEqual(['DIR/a.yaml:5:15: DIR/a.json is a link that leads out of the folder']);
    } finally {
      await rm(outside, { recursive: true });
    }
    await rm(join(dir, 'a.json'));
    await put('..data/a.json', trustedRoot);
    await symlink('..data/a.json', join(dir, 'a.json'));
    expect(await load()).toEqual(['a sigstore']);
  });

  test('a file needs a folder: a document that was given by its own name has none', async () => {
    await put('a.yaml', fromFile('a', './a.json'));
    await put('a.json', trustedRoot);
    expect(await load([join(dir, 'policy.yaml'), join(dir, 'a.yaml')])).toEqual([
      'DIR/a.yaml:5:15: a trust root may name a file only in a folder: give DIR itself with --policies, or write the text into trustedRoot',
    ]);
  });

  const keyless = (trustRoot: string): string =>
    policy.replace(
      'digest: { require: true }',
      `signature: { authorities: [{ name: ci, keyless: { trustRoot: ${trustRoot}, identities: [{ issuer: https://issuer.example.com, subject: ci@example.com }] } }] }`,
    );
  const ca = publicGood.certificateAuthorities[0]!.certChain.certificates[0]!.rawBytes;
  const plain = rootOf(
    'plain',
    `x509: { roots: "-----BEGIN CERTIFICATE-----\\n${ca}\\n-----END CERTIFICATE-----" }`,
  );

  test.each([
    ['a root that is shipped', 'sigstore', []],
    ['a root of the set', 'acme', []],
    [
      'S9: a root that is not there',
      'acmee',
      [
        /^DIR\/policy\.yaml:4:\d+: there is no trust root "acmee" in this set; add a TrustRoot of that name; did you mean "acme"\?$/,
      ],
    ],
    [
      'S9: a root that is a plain CA',
      'plain',
      [/: the trust root "plain" is a plain CA \(x509\), .*: `keyless` needs one of Sigstore$/],
    ],
  ])('a policy names %s', async (_title, name, want) => {
    await put('policy.yaml', keyless(name));
    await put('a.yaml', fromFile('acme', './acme.json'));
    await put('acme.json', trustedRoot);
    await put('plain.yaml', plain);
    const problems = await load([dir], ['sigstore']);
    if (want.length === 0) expect(problems).toEqual(['acme sigstore', 'plain x509']);
    else expect(problems).toEqual(want.map((each) => expect.stringMatching(each)));
  });

  test('R8: policies and roots are one set: a broken root keeps the whole last good set, a good one comes into force', async () => {
    await put('a.yaml', fromFile('a', './a.jsonl'));
    await put('a.jsonl', trustedRoot);
    const { files, changes, problems } = follow();
    const first = await files.load();
    const before = first.ok ? first.value.trustRoots[0]?.id : undefined;
    files.watch();
    await put('next.jsonl', withoutStart);
    await rename(join(dir, 'next.jsonl'), join(dir, 'a.jsonl'));
    await vi.waitFor(() => expect(problems).toHaveLength(1), soon);
    expect(changes).toEqual([]);
    await put('a.jsonl', `${trustedRoot}\n${trustedRoot}\n`);
    await vi.waitFor(() => expect(changes).toHaveLength(1), soon);
    expect(changes[0]?.[0]).toMatch(/^a sha256:/);
    expect(changes[0]?.[0]).not.toBe(`a ${before}`);
  });
});
