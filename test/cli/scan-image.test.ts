import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { criticalVector, cycloneDx, listFor, osvRecord } from '../fakes/advisories.ts';
import { file, layerOf, npmPackage, pythonPackage } from '../fakes/image-layout.ts';
import { image, index } from '../fakes/registry/registry-content.ts';
import { silence } from '../fakes/registry/registry-wire-faults.ts';
import type { Written } from '../fakes/tar-writer.ts';
import { folderWith } from './imagegate.ts';
import { fixed, old, reportsOf, stageScan } from './scan-stage.ts';

const hole = { ecosystem: 'PyPI', name: 'jinja2', fixed: '3.1.4', vector: criticalVector };
const stage = stageScan(osvRecord('GHSA-aaaa', hole));
const { scan, data } = stage;

describe('scan of an image', () => {
  const push = (tag: string, made: ReturnType<typeof image>, ...lists: readonly string[]): string => {
    stage.registry.registry.push('team/scanned', made, tag);
    for (const list of lists) stage.registry.registry.push('team/scanned', listFor(made, list));
    return `${stage.registry.host}/team/scanned:${tag}`;
  };

  const good = pythonPackage('good', '1.0');
  /** An image whose layers hold these files, and a package in which nothing is wrong. */
  const holding = (user: string, ...entries: readonly Written[]) =>
    image({ user, layers: [layerOf(...entries), layerOf(good)] });

  test('by its layers, and nothing is said in a pipe meanwhile', async () => {
    const made = holding('l1', pythonPackage('jinja2', '2.10'));
    const ended = await scan(push('layers', made), '-o', 'json');
    expect(ended).toMatchObject({ code: 1, stderr: '' });
    expect(reportsOf(ended)).toMatchObject([
      {
        digest: made.digest,
        packages: [
          {
            name: 'jinja2',
            path: 'usr/lib/python3/dist-packages/jinja2-2.10.dist-info/METADATA',
            layer: made.blobs[1]?.digest,
          },
          { name: 'good', version: '1.0' },
        ],
        matches: [{ advisory: 'GHSA-aaaa', package: { name: 'jinja2' } }],
        problems: [],
      },
    ]);
  });

  test('lists beside it add to that', async () => {
    const made = holding('l2');
    const ended = await scan(push('adds', made, cycloneDx([old])), '-o', 'json');
    expect(ended.code).toBe(1);
    expect(reportsOf(ended)[0]?.packages.map(({ name }) => name)).toEqual(['good', 'jinja2']);
  });

  test('V1: what its layers leave open ends with 3, unless it is allowed', async () => {
    const reference = push('gap', holding('l3', npmPackage('left-pad', '1.0.0')));
    const ended = await scan(reference);
    expect(ended).toMatchObject({ code: 3, stdout: expect.stringContaining('no-advisories: npm') });
    expect((await scan(reference, '--allow-gap', 'no-advisories')).code).toBe(0);
  });

  test('V5: over a limit of the configuration it is not looked at', async () => {
    const made = holding('l4', file('app/zeros', Buffer.alloc(3 * 2 ** 20)));
    const reference = push('limit', made);
    const [, path = ''] = stage.registry.config;
    const rows = JSON.parse(readFileSync(path, 'utf8')) as object;
    const config = folderWith({ 'limited.yaml': JSON.stringify({ ...rows, scan: { unpacked: '1MiB' } }) });
    const ended = await stage.registry.run([
      'scan',
      reference,
      '--data',
      data,
      '--config',
      join(config, 'limited.yaml'),
    ]);
    expect(ended).toMatchObject({ code: 3, stdout: expect.stringContaining('cannot be looked into') });
    expect((await scan(reference)).code).toBe(0);
  });

  test('Ctrl-C ends it at once, in the middle of a layer', async () => {
    const made = holding('l5', file('app/slow'));
    const reference = push('silent', made);
    const layer = made.blobs[1]?.digest ?? '';
    const disarm = stage.registry.registry.fault({ path: layer }, silence());
    const started = stage.registry.begin(['scan', reference, '--data', data, ...stage.registry.config]);
    while (!stage.registry.registry.requests.some(({ path }) => path.includes(layer)))
      await new Promise((resolve) => setTimeout(resolve, 20));
    started.child.kill('SIGINT');
    expect(await started.ended).toEqual({ code: null, signal: 'SIGINT', stdout: '', stderr: '' });
    disarm();
  });

  test('each platform for itself', async () => {
    const amd = holding('1');
    const arm = image({
      user: '1',
      layers: [layerOf(good)],
      platform: { os: 'linux', architecture: 'arm64' },
    });
    const reference = push('both', index([amd, arm]));
    push('amd', amd, cycloneDx([old]));
    const ended = await scan(reference, '-o', 'json');
    expect(ended.code).toBe(1);
    expect(reportsOf(ended)).toMatchObject([
      {
        target: reference,
        digest: amd.digest,
        platform: 'linux/amd64',
        packages: [{ name: 'good' }, { name: 'jinja2' }],
        problems: [],
      },
      {
        target: reference,
        digest: arm.digest,
        platform: 'linux/arm64',
        packages: [{ name: 'good' }],
        problems: [],
      },
    ]);
    expect((await scan(reference, '--platform', 'linux/arm64')).code).toBe(0);
  });

  test.each([
    ['V1: layers that nobody can read', () => push('none', image({ user: '2' }), cycloneDx([fixed])), 3],
    ['the fixed version', () => push('fixed', holding('3'), cycloneDx([fixed])), 0],
    [
      'V16: one of two lists that cannot be read',
      () => push('half', holding('4'), cycloneDx([fixed]), '{"bomFormat":"CycloneDX"'),
      3,
    ],
    ['an image that is not there', () => `${stage.registry.host}/team/scanned:gone`, 3],
    ['a registry that is not there', () => '127.0.0.1:1/team/scanned:gone', 3],
  ])('%s', async (_, reference, code) => {
    expect((await scan(reference())).code).toBe(code);
  });
});
