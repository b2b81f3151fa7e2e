import { execFileSync } from 'node:child_process';
import {
  mkdir,
  mkdtemp,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
  appendFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { formatProblem, type PolicyFileProblem } from '../../core/policy/load/document.ts';
import type { Result } from '../../core/result.ts';
import { createPolicyFiles, type LoadedPolicies, type PolicyFiles } from './policy-files.ts';
import { fastestOf } from '../../../test/fastest-of.ts';
import { anyExpression } from '../../../test/fakes/policy-set.ts';
import { soon } from '../../../test/soon.ts';

let dir: string;
const opened: PolicyFiles<string>[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'policy-files-'));
});
afterEach(async () => {
  for (const files of opened.splice(0)) await files.close();
  await rm(dir, { recursive: true, force: true });
});

const policy = (name: string, tag = 'latest'): string =>
  `apiVersion: imagegate.dev/v1alpha1\nkind: ImagePolicy\nmetadata: { name: ${name} }\nspec:\n  checks:\n    - tags: { deny: [${tag}] }\n`;
const put = (name: string, text: string): Promise<void> => writeFile(join(dir, name), text);

/** Names and denied tags: what the set says, in one line. */
const describeSet = (loaded: Pick<LoadedPolicies<string>, 'policies'>): string =>
  loaded.policies
    .map(({ metadata, spec }) => {
      const check = spec.checks[0];
      return `${metadata.name}:${check !== undefined && 'tags' in check ? check.tags.deny.join() : '?'}`;
    })
    .join(' ');

const follow = (paths: readonly string[] = [dir], pollMs?: number) => {
  const changes: string[] = [];
  const problems: (readonly string[])[] = [];
  const files = createPolicyFiles({
    compileExpression: anyExpression,
    paths,
    build: (policies) => describeSet({ policies }),
    onChange: (loaded) => changes.push(loaded.value),
    onProblem: (found) => problems.push(found.map(formatProblem)),
    ...(pollMs === undefined ? {} : { pollMs }),
  });
  opened.push(files);
  return { files, changes, problems };
};
type Loaded = Result<LoadedPolicies<string>, readonly PolicyFileProblem[]>;
const load = async (paths: readonly string[] = [dir]): Promise<Loaded> => follow(paths).files.load();
const said = (loaded: Loaded): string | readonly string[] =>
  loaded.ok
    ? loaded.value.value
    : loaded.error.map((problem) => formatProblem(problem).replaceAll(dir, 'DIR'));

describe('load reads a directory as one unit (R8)', () => {
  test('yaml, yml and json, recursively; nothing else', async () => {
    await mkdir(join(dir, 'team/deep'), { recursive: true });
    await mkdir(join(dir, '.git'));
    await put('b.yaml', policy('b'));
    await put('a.yml', policy('a'));
    await put(
      'team/deep/c.json',
      JSON.stringify({
        apiVersion: 'imagegate.dev/v1alpha1',
        kind: 'ImagePolicy',
        metadata: { name: 'c' },
        spec: { checks: [{ tags: { deny: ['x'] } }] },
      }),
    );
    await put('README.md', 'not: a policy');
    await put('.hidden.yaml', 'not: a policy');
    await put('.git/x.yaml', 'not: a policy');
    await put('a.yaml~', 'not: a policy');
    expect(said(await load())).toBe('a:latest b:latest c:x');
  });

  test('several paths, files among them, are one set', async () => {
    await mkdir(join(dir, 'sub'));
    await put('sub/a.yaml', policy('a'));
    await put('named-otherwise', policy('b'));
    expect(said(await load([join(dir, 'sub'), join(dir, 'named-otherwise')]))).toBe('a:latest b:latest');
  });

  test.each([
    ['an empty directory', {}, [expect.stringContaining('DIR: holds no ImagePolicy')]],
    ['only comments', { 'a.yaml': '# later\n' }, [expect.stringContaining('DIR: holds no ImagePolicy')]],
    [
      'one broken file beside a good one',
      { 'a.yaml': policy('a'), 'b.yaml': policy('b').replace('tags', 'tag') },
      ['DIR/b.yaml:6:7: unknown check "tag"; did you mean "tags"?'],
    ],
    ['an empty file beside a good one', { 'a.yaml': policy('a'), 'b.yaml': ' \n' }, ['DIR/b.yaml: is empty']],
    ['bytes that are no UTF-8', { 'a.yaml': Buffer.from([0x61, 0xff]) }, ['DIR/a.yaml: is not valid UTF-8']],
    [
      'a name in two files',
      { 'a.yaml': policy('x'), 'b.yaml': policy('x', 'z') },
      ['DIR/b.yaml:3:13: policy "x" is already defined in DIR/a.yaml:1'],
    ],
    ['a file over 1 MiB', { 'a.yaml': `#${'x'.repeat(1024 * 1024)}` }, ['DIR/a.yaml: is larger than 1 MiB']],
    [
      '17 MiB in all',
      Object.fromEntries(
        Array.from({ length: 17 }, (_, i) => [
          `${String(i).padStart(2, '0')}.yaml`,
          `#${'x'.repeat(1024 * 1024 - 1)}`,
        ]),
      ),
      ['DIR/16.yaml: is beyond the 16 MiB of a policy set'],
    ],
  ])('%s is a problem', async (_title, contents, want) => {
    for (const [name, content] of Object.entries(contents)) await writeFile(join(dir, name), content);
    expect(said(await load())).toEqual(want);
  });

  test('a path that is not there is a problem', async () => {
    expect(said(await load([join(dir, 'nowhere')]))).toEqual([
      'DIR/nowhere: there is no such file or folder; check the path',
    ]);
  });

  test('a pipe and a device are problems, and nobody waits for them', async () => {
    const pipe = join(dir, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const problem = 'is neither a file nor a folder';
    expect(said(await load([pipe, '/dev/zero']))).toEqual([`DIR/pipe: ${problem}`, `/dev/zero: ${problem}`]);
  });

  test('every problem of every file is reported', async () => {
    await put('a.yaml', policy('A').replace('deny', 'dney'));
    await put('b.yaml', 'kind: Pod\n');
    await symlink(join(dir, 'gone'), join(dir, 'c.yaml'));
    const problems = said(await load());
    expect(problems).toHaveLength(4);
    expect(problems).toContain('DIR/c.yaml: there is no such file or folder; check the path');
  });

  test('loops of links end, and a file counts once however it is reached', async () => {
    await mkdir(join(dir, 'sub'));
    await put('sub/a.yaml', policy('a'));
    await symlink(dir, join(dir, 'sub/up'));
    await symlink(join(dir, 'sub'), join(dir, 'twin'));
    await symlink(join(dir, 'sub/a.yaml'), join(dir, 'also-a.yaml'));
    await symlink('loop.yaml', join(dir, 'loop.txt'));
    expect(said(await load([dir, join(dir, 'sub')]))).toBe('a:latest');
  });

  test('directories that are too deep, and too many files, are problems', async () => {
    const deep = join(dir, ...Array.from({ length: 10 }, (_, i) => `d${i}`));
    await mkdir(deep, { recursive: true });
    expect(said(await load())).toEqual([expect.stringContaining('nested more than 8 directories deep')]);
    await rm(join(dir, 'd0'), { recursive: true });
    for (let i = 0; i <= 1000; i++) await put(`${i}.yaml`, '# nothing\n');
    expect(said(await load())).toEqual([expect.stringContaining('at most 1000')]);
  });

  test('a build that throws is a problem, not a crash', async () => {
    await put('a.yaml', policy('a'));
    const files = createPolicyFiles({
      compileExpression: anyExpression,
      paths: [dir],
      build: () => {
        throw new Error('no');
      },
      onChange: () => undefined,
      onProblem: () => undefined,
    });
    const loaded = await files.load();
    expect(loaded.ok ? [] : loaded.error.map(({ message }) => message)).toEqual(['cannot be compiled: no']);
  });
});

describe('the version', () => {
  const version = async (paths?: readonly string[]): Promise<string> => {
    const loaded = await load(paths);
    return loaded.ok ? loaded.value.version : '';
  };
  test('is the same for the same names and contents, wherever they lie', async () => {
    for (const place of ['one', 'two']) {
      await mkdir(join(dir, place));
      await put(`${place}/a.yaml`, policy('a'));
      await put(`${place}/b.yaml`, policy('b'));
    }
    const first = await version([join(dir, 'one')]);
    expect(first).toMatch(/^sha256:[0-9a-f]{16}$/);
    expect(await version([join(dir, 'two')])).toBe(first);
    await put('two/b.yaml', policy('b', 'main'));
    expect(await version([join(dir, 'two')])).not.toBe(first);
    await rename(join(dir, 'one/b.yaml'), join(dir, 'one/c.yaml'));
    expect(await version([join(dir, 'one')])).not.toBe(first);
  });
});

describe('watch follows the files', () => {
  const started = async (pollMs?: number) => {
    await put('a.yaml', policy('a'));
    const followed = follow([dir], pollMs);
    const loaded = await followed.files.load();
    expect(loaded.ok).toBe(true);
    followed.files.watch();
    return followed;
  };

  test('a change is visible within a second', async () => {
    const { changes } = await started();
    expect(
      await fastestOf(3, async (round) => {
        await put('a.yaml', policy('a', `round-${round}`));
        const all = ['a:round-0', 'a:round-1', 'a:round-2'].slice(0, round + 1);
        await vi.waitFor(() => expect(changes).toEqual(all), soon);
      }),
    ).toBeLessThan(1000);
  });

  test('files that are added, renamed over and removed, also in new directories', async () => {
    const { changes, problems } = await started();
    await mkdir(join(dir, 'new'));
    await put('new/b.yaml', policy('b'));
    await vi.waitFor(() => expect(changes.at(-1)).toBe('a:latest b:latest'), soon);
    await put('.a.yaml.swp', policy('a', 'edited'));
    await rename(join(dir, '.a.yaml.swp'), join(dir, 'a.yaml'));
    await vi.waitFor(() => expect(changes.at(-1)).toBe('a:edited b:latest'), soon);
    await put('new/b.yaml', policy('b', 'second'));
    await vi.waitFor(() => expect(changes.at(-1)).toBe('a:edited b:second'), soon);
    await rm(join(dir, 'a.yaml'));
    await vi.waitFor(() => expect(changes.at(-1)).toBe('b:second'), soon);
    expect(problems).toEqual([]);
  });

  test('a broken file is reported once, nothing of the set is applied, and the correction is', async () => {
    const { changes, problems } = await started(50);
    await put('b.yaml', policy('b'));
    await put('c.yaml', 'kind: ImagePolicy\nspec: {');
    await vi.waitFor(() => expect(problems).toHaveLength(1), soon);
    await delay(600);
    expect({ changes, problems: problems.length }).toEqual({ changes: [], problems: 1 });
    await put('c.yaml', policy('c'));
    await vi.waitFor(() => expect(changes).toEqual(['a:latest b:latest c:latest']), soon);
  });

  test('when the files are again as they were, onChange says that the problem is over', async () => {
    const { changes, problems } = await started();
    await put('a.yaml', 'broken: [');
    await vi.waitFor(() => expect(problems).toHaveLength(1), soon);
    await put('a.yaml', policy('a'));
    await vi.waitFor(() => expect(changes).toEqual(['a:latest']), soon);
  });

  test('a truncated or removed set never becomes an empty one', async () => {
    const { changes, problems } = await started();
    await truncate(join(dir, 'a.yaml'));
    await vi.waitFor(() => expect(problems.at(-1)?.[0]).toMatch(/a\.yaml: is empty$/), soon);
    await rm(join(dir, 'a.yaml'));
    await vi.waitFor(() => expect(problems.at(-1)?.[0]).toMatch(/holds no ImagePolicy/), soon);
    expect(changes).toEqual([]);
  });

  test('a file that is written piece by piece is taken when it is whole', async () => {
    const { changes, problems } = await started();
    const text = `${policy('a', 'one')}---\n${policy('b', 'two')}---\n${policy('c', 'three')}`;
    await put('a.yaml', '');
    for (let at = 0; at < text.length; at += 20) {
      await appendFile(join(dir, 'a.yaml'), text.slice(at, at + 20));
      await delay(15);
    }
    await vi.waitFor(() => expect(changes.at(-1)).toBe('a:one b:two c:three'), soon);
    expect({ changes: changes.length, problems }).toEqual({ changes: 1, problems: [] });
  });

  test('of many rapid changes the last one wins, and no set is a mixture', async () => {
    await put('b.yaml', policy('b'));
    const { changes } = await started();
    for (let i = 0; i < 60; i++) {
      await Promise.all([put('a.yaml', policy('a', `t${i}`)), put('b.yaml', policy('b', `t${i}`))]);
      await delay(i % 20 === 19 ? 250 : 5);
    }
    await vi.waitFor(() => expect(changes.at(-1)).toBe('a:t59 b:t59'), soon);
    for (const change of changes) expect(change).toMatch(/^a:(t\d+) b:\1$/);
  });

  test('touching files without a change of content says nothing', async () => {
    const { changes, problems } = await started(50);
    await utimes(join(dir, 'a.yaml'), new Date(), new Date(0));
    await put('notes.txt', 'x');
    await delay(500);
    expect({ changes, problems }).toEqual({ changes: [], problems: [] });
  });

  test('a directory that vanishes keeps the last good set, and is followed again when it is back', async () => {
    const { changes, problems } = await started();
    const away = `${dir}-away`;
    await rename(dir, away);
    await vi.waitFor(() => expect(problems).toHaveLength(1), soon);
    expect(problems[0]?.[0]).toContain('there is no such file or folder; check the path');
    await rename(away, dir);
    await vi.waitFor(() => expect(changes).toEqual(['a:latest']), soon);
    await put('a.yaml', policy('a', 'after'));
    await vi.waitFor(() => expect(changes.at(-1)).toBe('a:after'), soon);
  });

  test('the swap of ..data of a mounted ConfigMap is one change', async () => {
    const version = async (name: string, tag: string): Promise<void> => {
      await mkdir(join(dir, name));
      for (const file of ['a', 'b']) await put(`${name}/${file}.yaml`, policy(file, tag));
    };
    await version('..v1', 'one');
    await symlink('..v1', join(dir, '..data'));
    for (const file of ['a.yaml', 'b.yaml']) await symlink(`..data/${file}`, join(dir, file));
    const { files, changes, problems } = follow();
    expect(said(await files.load())).toBe('a:one b:one');
    files.watch();
    await version('..v2', 'two');
    await symlink('..v2', join(dir, '..data_tmp'));
    await rename(join(dir, '..data_tmp'), join(dir, '..data'));
    await rm(join(dir, '..v1'), { recursive: true });
    await vi.waitFor(() => expect(changes).toEqual(['a:two b:two']), soon);
    expect(problems).toEqual([]);
  });

  test('a single file is followed by its name', async () => {
    await put('a.yaml', policy('a'));
    const { files, changes } = follow([join(dir, 'a.yaml')]);
    await files.load();
    files.watch();
    await put('b.yaml', policy('b'));
    await put('next', policy('a', 'main'));
    await rename(join(dir, 'next'), join(dir, 'a.yaml'));
    await vi.waitFor(() => expect(changes).toEqual(['a:main']), soon);
  });

  test('a change between load and watch is not lost', async () => {
    await put('a.yaml', policy('a'));
    const { files, changes } = follow();
    await files.load();
    await put('a.yaml', policy('a', 'sooner'));
    files.watch();
    await vi.waitFor(() => expect(changes).toEqual(['a:sooner']), soon);
  });

  test('nothing is called after close', async () => {
    const { files, changes, problems } = await started(20);
    await put('a.yaml', policy('a', 'main'));
    await delay(30);
    await files.close();
    await put('a.yaml', 'broken: [');
    await delay(400);
    expect({ changes, problems }).toEqual({ changes: [], problems: [] });
  });
});

test('polling alone finds a change: for file systems without events', async () => {
  await mkdir(join(dir, 'real'));
  await put('real/a.yaml', policy('a'));
  await mkdir(join(dir, 'links'));
  // Events of the link's directory do not tell of writes to the file that it leads to.
  await symlink(join(dir, 'real/a.yaml'), join(dir, 'links/a.yaml'));
  const { files, changes } = follow([join(dir, 'links')]);
  await files.load();
  files.watch();
  await delay(300);
  expect(
    await fastestOf(3, async (round) => {
      await put('real/a.yaml', policy('a', `polled-${round}`));
      const all = ['a:polled-0', 'a:polled-1', 'a:polled-2'].slice(0, round + 1);
      await vi.waitFor(() => expect(changes).toEqual(all), soon);
    }),
  ).toBeLessThan(1000);
});
