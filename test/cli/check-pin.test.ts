import {
  chmodSync,
  linkSync,
  lstatSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { delayed } from '../fakes/registry/registry-wire-faults.ts';
import { itemsOf } from './decision-list.ts';
import { eventually, folderWith } from './imagegate.ts';
import { policyFolder, policyText, podText } from './policies.ts';
import { cache, stagePins, strict, web } from './pin-stage.ts';
import { stageRegistry } from './registry-stage.ts';

const stage = stagePins();
const { pin } = stage;

/** A manifest as people write it; the images stand where they are given. */
const manifest = (first: string, second: string): string => `# shop: web and its cache
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web   # odd    spacing stays
spec:
    template:
        spec:
            containers:
                - name: web
                  image: "${first}" # keep in step with the chart
                - {image: '${second}', name: cache}

---
apiVersion: v1
kind: ConfigMap
data: {note: "the image is ${first.split('@')[0] ?? ''}"}
`;
const tagged = (): string =>
  manifest(`${stage.registry.host}/team/web`, `${stage.registry.host}/team/cache:7`);
const pinned = (): string =>
  manifest(
    `${stage.registry.host}/team/web:latest@${web.digest}`,
    `${stage.registry.host}/team/cache:7@${cache.digest}`,
  ).replace(
    `the image is ${stage.registry.host}/team/web:latest`,
    `the image is ${stage.registry.host}/team/web`,
  );

describe('check manifest --pin writes digests', () => {
  test('into files, touching nothing else, and judges what it wrote', async () => {
    const folder = folderWith({ 'deploy/app.yaml': tagged() });
    chmodSync(join(folder, 'deploy/app.yaml'), 0o640);
    const ended = await pin(['-f', join(folder, 'deploy'), '-o', 'json']);
    const file = join(folder, 'deploy/app.yaml');
    expect(ended.code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(pinned());
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(folder, 'deploy'))).toEqual(['app.yaml']);
    expect(itemsOf(ended)[0]).toMatchObject({
      allowed: true,
      findings: [],
      images: [{ digest: web.digest }, { digest: cache.digest }],
    });
    expect(ended.stderr).toContain(
      `${file}:2: ${stage.registry.host}/team/cache:7 is now ${stage.registry.host}/team/cache:7@${cache.digest}\n`,
    );
  });

  test.each<[string, (text: string) => string]>([
    ['a byte order mark', (text) => `\uFEFF${text}`],
    ['CR LF', (text) => text.replaceAll('\n', '\r\n')],
    ['both, and no line end', (text) => `\uFEFF${text.replaceAll('\n', '\r\n').trimEnd()}`],
    ['a tab, a form feed in a comment and wide characters', (text) => `# \t\f\u{1f600}ä\n${text}`],
  ])('byte for byte: %s stays, in files and through a pipe', async (_title, dressed) => {
    const folder = folderWith({ 'app.yaml': dressed(tagged()) });
    expect((await pin(['-f', folder])).code).toBe(0);
    expect(readFileSync(join(folder, 'app.yaml'))).toEqual(Buffer.from(dressed(pinned())));
    expect((await pin(['-f', '-'], dressed(tagged()))).stdout).toBe(dressed(pinned()));
  });

  test('twice changes nothing the second time, and asks nobody', async () => {
    const folder = folderWith({ 'app.yaml': pinned() });
    const before = statSync(join(folder, 'app.yaml'));
    stage.registry.registry.forget();
    expect((await pin(['-f', join(folder, 'app.yaml')])).code).toBe(0);
    const after = statSync(join(folder, 'app.yaml'));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    expect(stage.registry.registry.counts().total).toBe(0);
  });

  test('of standard input to standard output, with the findings on stderr', async () => {
    const ended = await pin(['-f', '-'], tagged());
    expect(ended).toMatchObject({ code: 0, stdout: pinned() });
    expect(ended.stderr).toContain('1 workload judged: 0 denied, 1 allowed');
    expect(ended.stderr).toContain('VERDICT');
  });

  test('of JSON, with the decisions in a file', async () => {
    const out = join(folderWith(), 'out.json');
    const given = `${stage.registry.host}/team/web:v1`;
    const ended = await pin(['-f', '-', '-o', `json=${out}`], podText('a', given));
    expect(ended).toMatchObject({ code: 0, stdout: podText('a', `${given}@${web.digest}`) });
    expect(itemsOf({ ...ended, stdout: readFileSync(out, 'utf8') })[0]?.images[0]?.digest).toBe(web.digest);
  });

  test('B1: of one tag the same in every file, asked for once', async () => {
    const given = `${stage.registry.host}/team/web:v1`;
    const folder = folderWith({ 'a.json': podText('a', given), 'b.json': podText('b', given) });
    stage.registry.registry.forget();
    expect((await pin(['-f', folder])).code).toBe(0);
    expect(stage.registry.registry.counts().manifests).toBe(1);
    for (const name of ['a', 'b'])
      expect(readFileSync(join(folder, `${name}.json`), 'utf8')).toBe(
        podText(name, `${given}@${web.digest}`),
      );
  });

  test('through a link into the file that it leads to', async () => {
    const folder = folderWith({ 'real/app.yaml': tagged() });
    symlinkSync('real/app.yaml', join(folder, 'link.yaml'));
    expect((await pin(['-f', join(folder, 'link.yaml')])).code).toBe(0);
    expect(lstatSync(join(folder, 'link.yaml')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'real/app.yaml'), 'utf8')).toBe(pinned());
  });

  test('once into a file that is named twice', async () => {
    const folder = folderWith({ 'app.yaml': tagged() });
    const ended = await pin(['-f', join(folder, 'app.yaml'), '-f', folder, '-f', `${folder}/./app.yaml`]);
    expect(ended.code).toBe(0);
    expect(readFileSync(join(folder, 'app.yaml'), 'utf8')).toBe(pinned());
  });
});

describe('what --pin cannot do', () => {
  test('an image that is not there keeps its text and is named, the others are pinned; judged by what it is: 1', async () => {
    const text = manifest(`${stage.registry.host}/team/web:gone`, `${stage.registry.host}/team/cache:7`);
    const folder = folderWith({ 'app.yaml': text });
    const ended = await pin(['-f', folder]);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('team/web:gone stays without a digest: it is not in its registry');
    const written = readFileSync(join(folder, 'app.yaml'), 'utf8');
    expect(written).toContain(`"${stage.registry.host}/team/web:gone" # keep`);
    expect(written).toContain(`@${cache.digest}'`);
  });

  test('3 where a policy finds nothing wrong with an image that could not be pinned', async () => {
    const lax = policyFolder(policyText('lax', { checks: [{ tags: { deny: ['nightly'] } }] }));
    const args = ['check', 'manifest', '--pin', '-f', '-', '--policies', lax, ...stage.registry.config];
    const text = podText('a', '127.0.0.1:1/team/web:v1');
    const ended = await stage.registry.run(args, { input: text });
    expect(ended).toMatchObject({ code: 3, stdout: text });
    expect(ended.stderr).toContain('stays without a digest: 127.0.0.1:1: ');
  });

  test('a file that somebody changes meanwhile is left alone: 2', async () => {
    const own = await stageRegistry();
    own.registry.push('team/web', web, 'v1');
    own.registry.fault({ path: '/manifests/' }, delayed(1500));
    const file = join(folderWith({ 'app.json': podText('a', `${own.host}/team/web:v1`) }), 'app.json');
    const args = ['check', 'manifest', '--pin', '-f', file, '--policies', strict, ...own.config];
    const running = own.begin(args);
    await eventually('a request', () => (own.registry.counts().total > 0 ? true : undefined));
    const theirs = podText('b', 'other');
    writeFileSync(file, theirs);
    const ended = await running.ended;
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('changed while its images were looked up');
    expect(readFileSync(file, 'utf8')).toBe(theirs);
  });

  test.each([
    ['a link to a file beside the named folder', '../outside.yaml', 'app.yaml'],
    ['a link through a folder that is a link', 'out/outside.yaml', 'app.yaml'],
  ])('%s is judged and never written: what it holds is left and named', async (_title, target, name) => {
    const folder = folderWith({ 'outside.yaml': tagged(), 'named/real.yaml': tagged() });
    symlinkSync('..', join(folder, 'named/out'));
    symlinkSync(target, join(folder, 'named', name));
    const ended = await pin(['-f', join(folder, 'named')]);
    expect(ended.code).toBe(1);
    expect(readFileSync(join(folder, 'outside.yaml'), 'utf8')).toBe(tagged());
    expect(readFileSync(join(folder, 'named/real.yaml'), 'utf8')).toBe(pinned());
    expect(ended.stderr).toContain('stays without a digest: its file is a link out of');
    expect(lstatSync(join(folder, 'named', name)).isSymbolicLink()).toBe(true);
    const named = await pin(['-f', join(folder, 'named'), '-f', join(folder, 'outside.yaml')]);
    expect(named.code).toBe(1);
    expect(readFileSync(join(folder, 'outside.yaml'), 'utf8')).toBe(pinned());
  });

  test('a hard link is cut: the other name keeps its text', async () => {
    const folder = folderWith({ 'outside.yaml': tagged(), 'named/real.yaml': tagged() });
    linkSync(join(folder, 'outside.yaml'), join(folder, 'named/hard.yaml'));
    expect((await pin(['-f', join(folder, 'named')])).code).toBe(0);
    expect(readFileSync(join(folder, 'outside.yaml'), 'utf8')).toBe(tagged());
    expect(readFileSync(join(folder, 'named/hard.yaml'), 'utf8')).toBe(pinned());
  });

  test.each([
    ['decisions and the manifest both on standard output', ['-f', '-', '-o', 'json'], '-o json=FILE'],
    ['a pipe', ['-f', '/dev/stdin'], 'no regular file; use --pin -f -'],
  ])('%s: 2', async (_title, args, sentence) => {
    const ended = await pin(args, tagged());
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(sentence);
  });
});
