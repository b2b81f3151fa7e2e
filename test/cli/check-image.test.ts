import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { image, index } from '../fakes/registry/registry-content.ts';
import { itemsOf } from './decision-list.ts';
import { folderWith, type Ended } from './imagegate.ts';
import { policyFolder, policyText, trusting } from './policies.ts';
import { nonRoot, stageRegistry, type RegistryStage } from './registry-stage.ts';

const day = 86_400_000;
const amd = image({
  user: '1000',
  created: new Date(Date.now() - 3 * day).toISOString(),
  layers: ['a', 'b'],
});
const arm = image({ user: 'web', platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
const web = index([amd, arm]);
const rooted = image();

let stage: RegistryStage;
const check = (args: readonly string[], input = ''): Promise<Ended> =>
  stage.run(['check', 'image', ...args, ...stage.config], { input });
const named = (tag: string): string => `${stage.host}/team/web:${tag}`;
const user = ['--policies', nonRoot];

beforeAll(async () => {
  stage = await stageRegistry();
  stage.registry.push('team/web', web, 'good');
  stage.registry.push('team/web', rooted, 'rooted');
});

describe('check image judges references by the policies of a namespace', () => {
  test('one decision for each, in the order given, with source `image`', async () => {
    const ended = await check([named('rooted'), named('good'), ...user, '-n', 'shop', '-o', 'json']);
    expect(ended).toMatchObject({ code: 1, stderr: '2 images judged: 1 denied, 1 allowed\n' });
    const [bad, good] = itemsOf(ended);
    expect(bad).toMatchObject({
      source: 'image',
      object: { kind: 'ImageReference', namespace: 'shop', name: named('rooted') },
      images: [{ given: named('rooted'), digest: rooted.digest }],
      findings: [{ code: 'image-user-root', path: 'image' }],
      allowed: false,
    });
    expect(good).toMatchObject({
      allowed: true,
      findings: [],
      images: [{ digest: web.digest, evidence: { tried: ['anonymous: used'] } }],
    });
  });

  test('for a person: which bytes, what they say of themselves, which credential', async () => {
    const ended = await check([named('good'), named('rooted'), ...user]);
    const built = new Date(Date.now() - 3 * day).toISOString().slice(0, 10);
    expect(ended.code).toBe(1);
    expect(ended.stdout.replaceAll(stage.host, 'HOST')).toBe(`allowed  HOST/team/web:good
  digest ${web.digest}
  linux/amd64: user 1000, built 3 days ago (${built}), ${sizeOf(amd)} in 2 layers
  linux/arm64/v8: user web, says not when it was built, ${sizeOf(arm)} in 1 layer
  tried anonymous: used

denied  HOST/team/web:rooted
  digest ${rooted.digest}
  linux/amd64: user root (it names none), says not when it was built, ${sizeOf(rooted)} in 1 layer
  tried anonymous: used
${findingText(ended)}`);
  });

  test('an image whose name is enough is not looked at', async () => {
    stage.registry.forget();
    const args = [named('good'), '--policies', policyFolder(trusting())];
    const ended = await check(args);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain('  not looked at: ');
    expect(ended.stdout).toContain('  Deny  registry-not-allowed  (policy trusted, check registries)');
    expect(stage.registry.counts().total).toBe(0);
  });

  test('a policy for labelled namespaces applies by --namespace-labels', async () => {
    const data = policyFolder(
      policyText('data', {
        checks: [
          {
            image: {
              labels: {
                namespaceLabels: [{ image: 'data', value: 'prod', namespace: { key: 'env', in: ['prod'] } }],
              },
            },
          },
        ],
      }),
    );
    const matching = image({ user: '1', labels: { data: 'prod' } });
    stage.registry.push('team/data', matching, 'v1');
    const labels = (value: string): readonly string[] => [
      '--namespace-labels',
      join(folderWith({ 'l.yaml': `shop: { env: ${value} }` }), 'l.yaml'),
    ];
    const args = [`${stage.host}/team/data:v1`, '--policies', data, '-n', 'shop'];
    const codes = await Promise.all([
      check([...args, ...labels('prod')]),
      check([...args, ...labels('test')]),
      check(args),
    ]);
    expect(codes.map(({ code }) => code)).toEqual([0, 1, 3]);
  });

  test('a policy that pins asks nobody for a digest here: the cluster pins first', async () => {
    const pinning = policyFolder(policyText('pins', { checks: [{ digest: { pin: true } }] }));
    stage.registry.forget();
    expect((await check([named('good'), '--policies', pinning])).code).toBe(0);
    expect(stage.registry.counts().total).toBe(0);
  });

  test('3 when the registry does not answer, with the reason for a person', async () => {
    const ended = await check(['127.0.0.1:1/team/web:good', ...user]);
    expect(ended.code).toBe(3);
    expect(ended.stdout).toMatch(/^denied {2}127\.0\.0\.1:1\/team\/web:good\n/);
    expect(ended.stdout).toContain('Deny  image-unavailable');
  });

  test.each(['json', 'yaml', 'sarif', 'junit', 'table'])('-o %s has the same exit code', async (format) => {
    const ended = await check([named('rooted'), ...user, '-o', format]);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain('image-user-root');
  });
});

describe('lists of images', () => {
  const list = (): string => `# of the shop\n${named('good')}\r\n\n  ${named('rooted')}  \n`;
  const namesIn = (ended: Ended): readonly unknown[] => itemsOf(ended).map(({ object }) => object.name);

  test.each([
    ['- is standard input', ['-']],
    ['-f - is standard input', ['-f', '-']],
  ])('%s', async (_title, args) => {
    const ended = await check([...args, ...user, '-o', 'json'], list());
    expect([ended.code, namesIn(ended)]).toEqual([1, [named('good'), named('rooted')]]);
  });

  test('a list of 300,000 images is refused with a sentence: it is no defect', async () => {
    const file = join(folderWith({ 'many.txt': 'nginx\n'.repeat(300_000) }), 'many.txt');
    const ended = await check(['-f', file, ...user]);
    expect(ended).toMatchObject({ code: 2, stderr: 'imagegate: more than 100000 images in one call\n' });
  });

  test('-f FILE, after the arguments', async () => {
    const file = join(folderWith({ 'images.txt': list() }), 'images.txt');
    const ended = await check([named('rooted'), '-f', file, ...user, '-o', 'json']);
    expect(namesIn(ended)).toEqual([named('rooted'), named('good'), named('rooted')]);
  });
});

describe('R20: 2 for what cannot be judged', () => {
  test.each([
    ['nothing', [], '', 'imagegate: nothing to judge: name an image'],
    ['an empty list', ['-'], '# none\n', 'imagegate: the list holds no image reference'],
    [
      'a list that is not there',
      ['-f', 'nowhere'],
      '',
      'imagegate: cannot read nowhere: there is no such file',
    ],
    [
      'a text that is no reference',
      ['Not An Image'],
      '',
      "imagegate: 'Not An Image' is no image reference: ",
    ],
    [
      'one in a list, with its line',
      ['-'],
      '\nr.io/a\nr.io/A:b:c\n',
      "imagegate: stdin:3: 'r.io/A:b:c' is no image",
    ],
    ['a password in a reference, which is not shown', ['https://ann:pw@r.io/a'], '', 'imagegate: '],
  ])('%s', async (_title, args, input, sentence) => {
    const ended = await check([...args, ...user], input);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr).not.toContain('pw');
  });

  test('no policies', async () => {
    const ended = await check(['r.io/a']);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('no policies: name a folder or a file with --policies');
  });
});

interface Sized {
  readonly blobs: readonly { readonly bytes: Buffer }[];
}
const sizeOf = ({ blobs }: Sized): string =>
  `${String(blobs.reduce((sum, { bytes }) => sum + bytes.length, 0))} bytes`;

/** The words of the finding are those of the check; what matters here is that they stand at the end. */
const findingText = ({ stdout }: Ended): string => {
  const at = stdout.indexOf('  Deny  image-user-root  (policy non-root, check image)\n');
  return at < 0 ? 'no finding' : stdout.slice(at).replace(/127\.0\.0\.1:\d+/g, 'HOST');
};
