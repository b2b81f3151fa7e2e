import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { itemsOf, verdictsOf } from './decision-list.ts';
import { folderWith, imagegate } from './imagegate.ts';
import { foreign, pod, podText, policyText, selective, trusted, trusting } from './policies.ts';

const files = folderWith({
  'selective/p.json': selective,
  'plain/p.json': trusting(),
  'shop-only/p.json': policyText('shop', {
    match: { namespaces: { include: ['shop'] } },
    checks: [{ registries: { allow: ['registry.example.com/**'] } }],
  }),
  'by-name/p.json': policyText('by-name', {
    match: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } },
    checks: [{ registries: { allow: ['registry.example.com/**'] } }],
  }),
  'images/p.json': policyText('images', {
    match: { images: ['registry.example.com/**'] },
    checks: [{ digest: { require: true } }],
  }),
  'prod.yaml': 'shop: { env: prod }\nlab: { env: test }\n',
  'namespaces.yaml':
    'apiVersion: v1\nkind: NamespaceList\nitems: [{ metadata: { name: shop, labels: { env: prod } } }]\n',
});
const check = (policies: string, input: string, ...args: string[]) =>
  imagegate(['check', 'manifest', '--policies', policies, '-f', '-', '-o', 'json', ...args], {
    cwd: files,
    input,
  });
const namespace = (name: string, labels: object): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
const inShop = podText('web', foreign, { namespace: 'shop' });

describe('R3: the namespace of a manifest', () => {
  test.each([
    ['its own', { namespace: 'shop' }, [], 'shop'],
    ['its own, whatever -n says', { namespace: 'shop' }, ['-n', 'lab'], 'shop'],
    ['else the one of -n', {}, ['-n', 'lab'], 'lab'],
    ['else default', {}, [], 'default'],
  ])('%s', async (_title, metadata, args, expected) => {
    const [item] = itemsOf(await check('plain', podText('web', trusted, metadata), ...args));
    expect(item?.object.namespace).toBe(expected);
  });

  test('decides which policies apply', async () => {
    const image = podText('web', foreign);
    expect((await check('shop-only', image, '-n', 'shop')).code).toBe(1);
    expect((await check('shop-only', image, '-n', 'lab')).code).toBe(0);
  });
});

describe('R3: labels of namespaces', () => {
  test.each([
    [
      'a Namespace object in the input, before the workload',
      `${namespace('shop', { env: 'prod' })}\n${inShop}`,
      [],
      1,
    ],
    [
      'a Namespace object in the input, behind the workload',
      `${inShop}\n${namespace('shop', { env: 'prod' })}`,
      [],
      1,
    ],
    [
      'a Namespace object that the policy does not select',
      `${namespace('shop', { env: 'test' })}\n${inShop}`,
      [],
      0,
    ],
    ['a Namespace object without labels', `${namespace('shop', {})}\n${inShop}`, [], 0],
    ['--namespace-labels as a map', inShop, ['--namespace-labels', 'prod.yaml'], 1],
    ['--namespace-labels as a list of Namespaces', inShop, ['--namespace-labels', 'namespaces.yaml'], 1],
    [
      'the input wins over --namespace-labels',
      `${namespace('shop', {})}\n${inShop}`,
      ['--namespace-labels', 'prod.yaml'],
      0,
    ],
  ])('%s', async (_title, input, args, code) => {
    const ended = await check('selective', input, ...args);
    expect(ended.code).toBe(code);
    expect(ended.stderr).not.toContain('policies ask for its labels');
  });

  test('--namespace-labels is read within bounds, and as UTF-8', async () => {
    writeFileSync(join(files, 'latin.yaml'), Buffer.from([0x61, 0x3a, 0xff]));
    const device = await check('selective', inShop, '--namespace-labels', '/dev/zero');
    expect(device).toMatchObject({ code: 2, stdout: '' });
    expect(device.stderr).toContain('--namespace-labels /dev/zero: it is neither a file nor a pipe');
    const latin = await check('selective', inShop, '--namespace-labels', 'latin.yaml');
    expect(latin).toMatchObject({ code: 2, stdout: '' });
    expect(latin.stderr).toContain('--namespace-labels latin.yaml: it is not valid UTF-8');
  });

  test('the name of the namespace is a label that is always known', async () => {
    expect((await check('by-name', inShop)).code).toBe(1);
    const elsewhere = await check('by-name', podText('web', foreign, { namespace: 'lab' }));
    expect(elsewhere).toMatchObject({ code: 0 });
  });

  test('unknown labels count as matching: a failure adds namespace-unavailable, exit code 1', async () => {
    const ended = await check('selective', inShop);
    expect(ended.code).toBe(1);
    expect(itemsOf(ended)[0]?.findings.map(({ code }) => code)).toEqual([
      'namespace-unavailable',
      'registry-not-allowed',
    ]);
  });

  test('unknown labels count as matching: an image that passes is allowed, and the result is incomplete, exit code 3', async () => {
    const ended = await check('selective', podText('web', trusted, { namespace: 'shop' }));
    expect(ended.code).toBe(3);
    expect(verdictsOf(ended)).toEqual(['Pod/web allowed']);
    expect(ended.stderr).toContain('namespace shop: policies ask for its labels');
    expect(ended.stderr).toContain('give --namespace-labels or --kubeconfig');
  });

  test('a namespace is reported once, however many objects lie in it', async () => {
    const many = Array.from({ length: 5 }, (_, index) => podText(`p${index}`, trusted)).join('\n');
    expect((await check('selective', many)).stderr.match(/policies ask for its labels/g)).toHaveLength(1);
  });
});

describe('R4: kinds that nobody described', () => {
  const fleet = JSON.stringify({
    apiVersion: 'example.com/v1',
    kind: 'Fleet',
    metadata: { name: 'ships' },
    spec: { template: { spec: { containers: [{ name: 'a', image: foreign }] } } },
  });

  test('are reported on stderr and are no item', async () => {
    const ended = await check('plain', fleet);
    expect(ended.code).toBe(0);
    expect(itemsOf(ended)).toEqual([]);
    expect(ended.stderr).toContain('stdin:1: example.com/v1 Fleet was not judged');
  });

  test('are denied with --unknown-kinds deny', async () => {
    const ended = await check('plain', fleet, '--unknown-kinds', 'deny');
    expect(ended.code).toBe(1);
    expect(itemsOf(ended)[0]?.findings).toMatchObject([{ policy: '', check: 'gate', code: 'not-judged' }]);
  });

  test('are judged once --config describes them', async () => {
    const config = folderWith({
      'gate.yaml':
        'workloads: [{ group: example.com, resource: fleets, kind: Fleet, podSpec: spec.template.spec }]\n',
    });
    const ended = await check('plain', fleet, '--config', `${config}/gate.yaml`);
    expect(ended.code).toBe(1);
    expect(itemsOf(ended)[0]?.findings[0]?.code).toBe('registry-not-allowed');
  });

  test('whose row says `images: []` are passed over in silence', async () => {
    const config = folderWith({
      'gate.yaml': 'workloads: [{ group: example.com, resource: fleets, kind: Fleet, images: [] }]\n',
    });
    const ended = await check('plain', fleet, '--config', `${config}/gate.yaml`, '--unknown-kinds', 'deny');
    expect(ended).toMatchObject({ code: 0, stderr: 'no workload in the input\n' });
  });

  test('built-in kinds without a pod spec are passed over in silence', async () => {
    const ended = await check('plain', '{"apiVersion":"v1","kind":"ConfigMap"}', '--unknown-kinds', 'deny');
    expect(ended).toMatchObject({ code: 0, stderr: 'no workload in the input\n' });
  });
});

describe('R1: an image that no policy speaks about', () => {
  const outside = podText('web', foreign);
  test.each([
    ['is denied where a policy covers the namespace', 'images', [], 1, 'unmatched'],
    ['is allowed with --unmatched allow', 'images', ['--unmatched', 'allow'], 0, 'unmatched'],
    ['is allowed and recorded where no policy covers the namespace', 'shop-only', [], 0, 'unmatched'],
    ['is denied there with --unmatched deny', 'shop-only', ['--unmatched', 'deny'], 1, 'unmatched'],
  ])('%s', async (_title, policies, args, code, finding) => {
    const ended = await check(policies, outside, ...args);
    expect(ended.code).toBe(code);
    expect(itemsOf(ended)[0]?.findings.find(({ code: found }) => found === 'unmatched')?.code).toBe(finding);
  });

  test('the record says that no policy covers the namespace', async () => {
    expect(itemsOf(await check('shop-only', outside))[0]?.skipped?.code).toBe('no-policy');
  });
});

describe('R19: what the API server would not take', () => {
  test('metadata that is no map is denied as malformed, as the webhook does', async () => {
    const ended = await check('plain', JSON.stringify({ ...pod('web', trusted), metadata: 'text' }));
    expect(ended.code).toBe(1);
    expect(itemsOf(ended)[0]?.findings).toMatchObject([{ check: 'gate', code: 'malformed-request' }]);
  });
});

describe('settings of check', () => {
  test('flag over environment over file', async () => {
    const config = folderWith({ 'gate.yaml': 'unmatched: deny\npolicies: [shop-only]\n' });
    const args = ['check', 'manifest', '-f', '-', '--config', `${config}/gate.yaml`];
    const run = (more: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      imagegate([...args, ...more], { cwd: files, input: podText('web', foreign), env });
    const codes = await Promise.all([
      run([]),
      run([], { IMAGEGATE_UNMATCHED: 'allow' }),
      run(['--unmatched', 'deny'], { IMAGEGATE_UNMATCHED: 'allow' }),
    ]);
    expect(codes.map(({ code }) => code)).toEqual([1, 0, 1]);
  });
});
