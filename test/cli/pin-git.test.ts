import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith } from './imagegate.ts';
import { podText, policyFolder, policyText } from './policies.ts';
import { cache, stagePins, strict, web } from './pin-stage.ts';

const stage = stagePins();
const { pin } = stage;

const kustomization = (more = ''): string =>
  `\uFEFF# prod\r\napiVersion: kustomize.config.k8s.io/v1beta1\r\nkind: Kustomization\r\nresources: [ ../base ]\r\nimages:\r\n- name: web\r\n  newName: ${stage.registry.host}/team/web\r\n  newTag: v1   # bot\r\n${more}`;
const values = (tag: string, text: string): string =>
  `# values\nimage:\n  repository: ${stage.registry.host}/team/web\n  tag: "${tag}"\n  digest: ""\nsidecar:\n  image: ${text}   # c\n`;

describe('--pin writes digests into what Git holds beside manifests', () => {
  test('a folder with a kustomization, values and a manifest', async () => {
    const cached = `${stage.registry.host}/team/cache:7`;
    const folder = folderWith({
      'overlay/kustomization.yaml': kustomization(),
      'values-prod.yaml': values('v1', cached),
      'pod.json': podText('a', `${stage.registry.host}/team/web:v1`),
      '.gitlab-ci.yml': `build: { image: "${cached}" }\n`,
    });
    const ended = await pin(['-f', folder]);
    const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
    expect(ended.code).toBe(0);
    expect(text('overlay/kustomization.yaml')).toBe(kustomization(`  digest: ${web.digest}\r\n`));
    expect(text('values-prod.yaml')).toBe(
      values('v1', `${cached}@${cache.digest}`).replace('digest: ""', `digest: "${web.digest}"`),
    );
    expect(text('pod.json')).toBe(podText('a', `${stage.registry.host}/team/web:v1@${web.digest}`));
    expect(text('.gitlab-ci.yml')).toBe(`build: { image: "${cached}" }\n`);
    expect(ended.stderr).toContain(
      `overlay/kustomization.yaml:6: ${stage.registry.host}/team/web:v1 is now ${stage.registry.host}/team/web:v1@${web.digest}`,
    );
    expect(ended.stderr).toContain('pinned 4 images in 3 files\n');
    const again = await pin(['-f', folder]);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain('nothing was pinned: every image has a digest already\n');
  });

  test('values from standard input go to standard output', async () => {
    const given = values('v1', 'x').replace(/sidecar[^]*/, '');
    const ended = await pin(['-f', '-'], given);
    expect(ended).toMatchObject({ code: 0, stdout: given.replace('""', `"${web.digest}"`) });
  });

  test('--values-image names another form, and says when it leads nowhere', async () => {
    const text = (tail = ''): string => `web: { container: "${stage.registry.host}/team/web:v1${tail}" }\n`;
    const file = join(folderWith({ 'prod.yaml': text() }), 'prod.yaml');
    const ended = await pin(['-f', file, '--values-image', 'web.container', '--values-image', 'web.x']);
    expect(readFileSync(file, 'utf8')).toBe(text(`@${web.digest}`));
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain('--values-image web.x: leads to no image in any values');
    expect((await pin(['-f', file, '--values-image', 'web.container'])).code).toBe(0);
  });
});

describe('where nothing could be pinned it says so and why', () => {
  test.each<[string, string, () => string, string[], number]>([
    [
      'no image in the input',
      'svc.yaml',
      () => 'apiVersion: v1\nkind: Service\n',
      ['nothing was pinned: no image was found'],
      0,
    ],
    [
      'a tag that is not in its registry',
      'values.yaml',
      () => `image: ${stage.registry.host}/team/web:gone\n`,
      ['values.yaml:1: ', 'it is not in its registry', 'nothing was pinned; 1 image left without a digest'],
      3,
    ],
    [
      'a registry that does not answer',
      'kustomization.yaml',
      () => 'images:\n- name: 127.0.0.1:1/a\n  newTag: v1\n',
      ['kustomization.yaml:2: 127.0.0.1:1/a:v1 stays without a digest: ', 'nothing was pinned'],
      3,
    ],
    [
      'a chart that fills in the tag',
      'values.yaml',
      () => `image: { repository: ${stage.registry.host}/team/web }\n`,
      ['it names no tag, so the chart fills in its own version'],
      3,
    ],
  ])('%s', async (_title, name, text, words, code) => {
    const folder = folderWith({ [name]: text() });
    const ended = await pin(['-f', folder]);
    expect(ended.code).toBe(code);
    for (const word of words) expect(ended.stderr).toContain(word);
    expect(readFileSync(join(folder, name), 'utf8')).toBe(text());
  });

  test('a registry that a policy refuses is not asked', async () => {
    const fenced = policyFolder(
      policyText('f', { checks: [{ registries: { allow: ['r.example.com/**'] } }] }),
    );
    const file = join(folderWith({ 'values.yaml': values('v1', 'r.example.com/x:1') }), 'values.yaml');
    stage.registry.registry.forget();
    const args = ['check', 'manifest', '--pin', '-f', file, '--policies', fenced, ...stage.registry.config];
    const ended = await stage.registry.run(args);
    expect(ended.stderr).toContain('a policy refuses its registry');
    expect(stage.registry.registry.counts().total).toBe(0);
  });

  test('values behind a link out of the folder are not written', async () => {
    const folder = folderWith({ 'outside.yaml': values('v1', 'x'), 'named/a.txt': '' });
    symlinkSync('../outside.yaml', join(folder, 'named/values.yaml'));
    const ended = await pin(['-f', join(folder, 'named')]);
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain('a link out of');
    expect(readFileSync(join(folder, 'outside.yaml'), 'utf8')).toBe(values('v1', 'x'));
  });

  test.each([
    ['--values-image without --pin', ['check', 'manifest', '-f', '-', '--values-image', 'a'], 'add --pin'],
    [
      'a path that is none',
      ['check', 'manifest', '--pin', '-f', '-', '--values-image', 'a..b'],
      '--values-image "a..b": has a step that is no field name',
    ],
  ])('%s: 2', async (_title, args, why) => {
    const ended = await stage.registry.run([...args, '--policies', strict, ...stage.registry.config], {
      input: 'a: b\n',
    });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(why);
  });
});
