import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ScanReport } from '../../src/core/vulnerability/report/scan-report.ts';
import {
  blob,
  debian,
  dockerSave,
  dpkgStatus,
  file,
  indexOf,
  indexType,
  layoutImage,
  layoutOf,
  npmPackage,
  tarOfFiles,
  type LayoutFiles,
  type LayoutLayer,
} from '../fakes/image-layout.ts';
import { tarOf, type Written } from '../fakes/tar-writer.ts';
import { folderWith, type Ended } from './imagegate.ts';
import { bad, good, layerAt, reportsOf, stageLocalScan } from './scan-stage.ts';

const scan = stageLocalScan();
const namesOf = (report: ScanReport | undefined): readonly string[] =>
  (report?.packages ?? []).map(({ name, version }) => `${name} ${version}`);

describe('scan of an OCI layout', () => {
  test('says what its layers leave, where it stands and which step made it', async () => {
    const ended = await scan(`oci:${folderWith(layoutOf(bad))}`, '-o', 'json');
    expect(ended.code).toBe(1);
    expect(reportsOf(ended)).toMatchObject([
      {
        digest: expect.stringMatching(/^sha256:/),
        platform: 'linux/amd64',
        packages: [
          { ecosystem: 'Debian:13', name: 'openssl', createdBy: 'step 1' },
          {
            ecosystem: 'npm',
            name: 'left',
            path: 'app/node_modules/left/package.json',
            createdBy: 'step 2',
            layer: expect.stringMatching(/^sha256:/),
          },
        ],
        vulnerabilities: [{ id: 'DSA-1' }, { id: 'GHSA-left' }],
        gaps: [],
        problems: [],
      },
    ]);
  });

  test('a package that a layer removes is not there', async () => {
    const ended = await scan(`oci:${folderWith(layoutOf(good))}`, '-o', 'json');
    expect(namesOf(reportsOf(ended)[0])).toEqual(['openssl 3.5.2-1', 'right 1.0.0']);
    expect(ended.code).toBe(0);
  });

  test('each image of it, and within an index those of the platforms that are asked for', async () => {
    const files = layoutOf();
    const children = [
      { ...layoutImage(files, good), platform: { os: 'linux', architecture: 'amd64' } },
      { ...layoutImage(files, bad, 'arm64'), platform: { os: 'linux', architecture: 'arm64' } },
    ];
    files['index.json'] = indexOf([blob(files, indexOf(children), indexType)]);
    const target = `oci:${folderWith(files)}`;
    const all = await scan(target, '-o', 'json');
    expect(all.code).toBe(1);
    expect(reportsOf(all).map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64']);
    expect((await scan(target, '--platform', 'linux/amd64')).code).toBe(0);
    const none = await scan(target, '--platform', 'linux/s390x');
    expect(none).toMatchObject({ code: 3, stdout: expect.stringContaining('no image for this platform') });
    const single = `oci:${folderWith(layoutOf(good))}`;
    expect((await scan(single, '--platform', 'linux/arm64')).code).toBe(3);
  });

  test('V1: a gap is never 0 unless it is allowed', async () => {
    const files = layoutOf([{ entries: [debian, npmPackage('right', '1.0.0')] }]);
    const target = `oci:${folderWith(files)}`;
    expect(await scan(target)).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('packages-missing'),
    });
    expect((await scan(target, '--allow-gap', 'packages-missing')).code).toBe(0);
  });

  const change = async (how: (files: LayoutFiles, layer: string) => void): Promise<Ended> => {
    const files = layoutOf(good);
    const before = await scan(`oci:${folderWith(files)}`, '-o', 'json');
    how(files, layerAt(files, reportsOf(before)[0], 1));
    return scan(`oci:${folderWith(files)}`);
  };
  test.each<[string, (files: LayoutFiles, layer: string) => void, string]>([
    [
      'a layer with other bytes',
      (files, layer) => (files[layer] = Buffer.concat([files[layer] ?? Buffer.of(), Buffer.of(0)])),
      'holds other bytes than its name says',
    ],
    ['a layer that is not there', (files, layer) => delete files[layer], 'no such file'],
    [
      'a layer that is cut off',
      (files, layer) => (files[layer] = files[layer]?.subarray(0, -3) ?? Buffer.of()),
      '',
    ],
    ['an index that is not there', (files) => delete files['index.json'], 'cannot read index.json'],
    ['no image', (files) => (files['index.json'] = indexOf([])), 'it has no image'],
  ])('V5: %s ends with 3', async (_, how, why) => {
    const ended = await change(how);
    expect(ended).toMatchObject({ code: 3, stdout: expect.stringContaining(why) });
    expect(ended.stdout).toContain('not looked at:');
  });

  test('B1: a manifest with other bytes than its digest', async () => {
    const files = layoutOf(good);
    const other = layoutOf(bad);
    const [{ digest } = { digest: '' }] = (
      JSON.parse(String(files['index.json'])) as { readonly manifests: readonly { digest: string }[] }
    ).manifests;
    const [wrong = ''] = Object.keys(other).filter((name) => String(other[name]).includes('"layers":['));
    files[`blobs/sha256/${digest.slice(7)}`] = other[wrong] ?? Buffer.of();
    expect(await scan(`oci:${folderWith(files)}`)).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('holds other bytes than its name says'),
    });
  });

  test('a list that stands beside an image is no image; an artifact alone is told', async () => {
    const files = layoutOf();
    const artifact = blob(
      files,
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          artifactType: 'application/vnd.cyclonedx+json',
          config: blob(files, Buffer.from('{}'), 'application/vnd.oci.empty.v1+json'),
          layers: [],
        }),
      ),
      'application/vnd.oci.image.manifest.v1+json',
    );
    files['index.json'] = indexOf([layoutImage(files, good), artifact]);
    expect((await scan(`oci:${folderWith(files)}`)).code).toBe(0);
    files['index.json'] = indexOf([artifact]);
    expect(await scan(`oci:${folderWith(files)}`)).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('it is no image but'),
    });
  });

  test('a folder that is not there, and an index that is too long', async () => {
    expect((await scan('oci:nowhere')).code).toBe(3);
    const folder = folderWith();
    writeFileSync(join(folder, 'index.json'), 'x'.repeat(5 * 2 ** 20));
    expect(await scan(`oci:${folder}`)).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('longer than'),
    });
  });
});

describe('scan of an archive', () => {
  const archive = (
    files: LayoutFiles | Buffer,
    change: (bytes: Buffer) => Buffer = (bytes) => bytes,
  ): string =>
    `tar:${join(folderWith({ 'web.tar': change(Buffer.isBuffer(files) ? files : tarOfFiles(files)) }), 'web.tar')}`;

  test.each<[string, (layers: readonly LayoutLayer[]) => LayoutFiles]>([
    ['of docker save', dockerSave],
    ['of an OCI layout', (layers) => layoutOf(layers)],
    ['of both, whose image is shown once', (layers) => ({ ...dockerSave(layers), ...layoutOf(layers) })],
  ])('%s', async (_, write) => {
    const ended = await scan(archive(write(bad)), '-o', 'json');
    expect(ended.code).toBe(1);
    expect(reportsOf(ended)).toMatchObject([
      {
        platform: 'linux/amd64',
        packages: [
          { name: 'openssl', createdBy: 'step 1' },
          { name: 'left', createdBy: 'step 2', layer: expect.stringMatching(/^sha256:/) },
        ],
        problems: [],
      },
    ]);
    expect(await scan(archive(write(good)))).toMatchObject({ code: 0 });
    expect((await scan(archive(write(good)), '--platform', 'linux/arm64')).code).toBe(3);
  });

  test('two lists of images in one archive: what either names is looked at', async () => {
    const ended = await scan(archive({ ...layoutOf(good), ...dockerSave(bad) }), '-o', 'json');
    expect(ended.code).toBe(1);
    expect(reportsOf(ended).map(namesOf)).toEqual([
      ['openssl 3.5.2-1', 'right 1.0.0'],
      ['openssl 3.5.1-1', 'left 1.0.0'],
    ]);
  });

  test('a layer that is a link to that of another image', async () => {
    const files = dockerSave(good);
    const name = 'layer0/layer.tar';
    const { [name]: layer = Buffer.of(), ...rest } = files;
    const entries: readonly Written[] = [
      ...Object.entries(rest).map(([one, bytes]) => file(one, bytes)),
      { type: '2', name, link: '../other/layer.tar', content: '' },
      file('./other/layer.tar', layer),
    ];
    expect(await scan(archive(Buffer.from(tarOf(entries, 2))))).toMatchObject({ code: 0 });
    const outside = entries.map((one) => (one.name === name ? { ...one, link: '../../../x' } : one));
    expect((await scan(archive(Buffer.from(tarOf(outside, 2))))).code).toBe(3);
  });

  const manifestOf = (names: readonly string[]): Buffer => {
    const [Config = ''] = Object.keys(dockerSave(good));
    return Buffer.from(JSON.stringify([{ Config, RepoTags: null, Layers: names }]));
  };
  const twice = (name: string): Buffer => {
    const files = { ...layoutOf(good), ...dockerSave(good) };
    const entries = Object.entries(files).map(([one, bytes]) => file(one, bytes));
    return Buffer.from(tarOf([...entries, file(`./${name}`, indexOf([]))], 2));
  };
  test.each<[string, () => string, string]>([
    ['a file that stands there twice', () => archive(twice('index.json')), 'holds it twice'],
    ['the other one too', () => archive(twice('manifest.json')), 'holds it twice'],
    ['a compressed archive', () => archive(dockerSave(good), gzipSync), 'it is compressed'],
    ['no archive', () => archive(Buffer.from('x'.repeat(2000))), 'wrong checksum'],
    ['one that ends early', () => archive(dockerSave(good), (bytes) => bytes.subarray(0, 3000)), 'ends in'],
    ['an archive of something else', () => archive({ a: Buffer.from('a') }), 'neither an archive'],
    ['a file that is not there', () => 'tar:nowhere.tar', 'no such file'],
    ['a folder', () => `tar:${folderWith()}`, 'no regular file'],
    [
      'a layer that is not there',
      () => archive({ ...dockerSave(good), 'manifest.json': manifestOf(['nothing', 'layer1/layer.tar']) }),
      'does not hold it',
    ],
    [
      'V2: another layer than the config names',
      () =>
        archive({
          ...dockerSave(good),
          'manifest.json': manifestOf(['layer1/layer.tar', 'layer1/layer.tar']),
        }),
      'not what its config names',
    ],
    [
      'a layer less than the config names',
      () => archive({ ...dockerSave(good), 'manifest.json': manifestOf(['layer0/layer.tar']) }),
      'its config names 2',
    ],
  ])('V5: %s ends with 3', async (_, write, why) => {
    expect(await scan(write())).toMatchObject({ code: 3, stdout: expect.stringContaining(why) });
  });
});

describe('scan of a folder with the files of a system', () => {
  const system = (entries: readonly Written[] = []): string => {
    const all = [debian, dpkgStatus('openssl', '3.5.1-1'), npmPackage('left', '1.0.0'), ...entries];
    return folderWith(Object.fromEntries(all.map(({ name, content }) => [name, Buffer.from(content)])));
  };
  const long = `opt/${'a long name/'.repeat(12)}`;

  test('says what is in it, and nothing of layers', async () => {
    const folder = system([
      file(`${long}node_modules/right/package.json`, '{"name":"right","version":"1.0.0"}'),
    ]);
    const ended = await scan(`rootfs:${folder}`, '-o', 'json');
    expect(ended.code).toBe(1);
    const [report] = reportsOf(ended);
    expect(namesOf(report)).toEqual(['openssl 3.5.1-1', 'left 1.0.0', 'right 1.0.0']);
    expect(report?.packages.map(({ path, layer }) => [path, layer])).toContainEqual([
      `${long}node_modules/right/package.json`,
      undefined,
    ]);
    expect(report).toMatchObject({ gaps: [], problems: [] });
  });

  test('an empty folder has nothing, and a gap', async () => {
    const ended = await scan(`rootfs:${folderWith()}`);
    expect(ended.stdout).toContain('0 packages');
  });

  test('V4: a database behind a link is read within the folder, and never out of it', async () => {
    const status = 'Package: openssl\nStatus: install ok installed\nVersion: 3.5.1-1\n';
    const linked = (target: string): string => {
      const folder = folderWith({
        'etc/os-release': String(debian.content),
        'srv/status': status,
        'var/lib/dpkg/info/x.list': '',
      });
      symlinkSync(target, join(folder, 'var/lib/dpkg/status'));
      return folder;
    };
    const within = await scan(`rootfs:${linked('/srv/status')}`, '-o', 'json');
    expect(namesOf(reportsOf(within)[0])).toEqual(['openssl 3.5.1-1']);
    const outside = folderWith({ status });
    for (const target of [join(outside, 'status'), `../../../../../../../../..${outside}/status`]) {
      const ended = await scan(`rootfs:${linked(target)}`, '-o', 'json');
      expect(ended.code).toBe(3);
      expect(reportsOf(ended)).toMatchObject([{ packages: [], gaps: [{ kind: 'packages-missing' }] }]);
    }
    const beside = system();
    symlinkSync(outside, join(beside, 'app/node_modules/out'));
    writeFileSync(join(outside, 'package.json'), '{"name":"out","version":"1.0.0"}');
    expect(namesOf(reportsOf(await scan(`rootfs:${beside}`, '-o', 'json'))[0])).not.toContain('out 1.0.0');
  });

  test('V1: a file that cannot be read is told', async () => {
    const marked = await scan(`rootfs:${folderWith({ 'opt/.wh.left/package.json': '{}' })}`);
    expect(marked).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('opt/.wh.left is not looked at: its name is a mark of layers'),
    });
  });

  test('V1: so is one whose permissions do not allow it, while root reads every file', async () => {
    const folder = folderWith({ 'app/secret': 'x', 'closed/x': '' });
    chmodSync(join(folder, 'app/secret'), 0);
    chmodSync(join(folder, 'closed'), 0);
    const ended = await scan(`rootfs:${folder}`);
    chmodSync(join(folder, 'closed'), 0o700);
    const isRoot = process.getuid?.() === 0;
    for (const name of ['app/secret', 'closed']) {
      const told = `${name} is not looked at: its permissions do not allow it`;
      expect(ended.stdout.includes(told)).toBe(!isRoot);
    }
    expect(ended.code).toBe(3);
  });

  test.each([
    ['a folder that is not there', () => 'nowhere', 'no such file'],
    ['a file', () => join(folderWith({ a: 'a' }), 'a'), 'it is no folder'],
  ])('%s ends with 3', async (_, path, why) => {
    expect(await scan(`rootfs:${path()}`)).toMatchObject({ code: 3, stdout: expect.stringContaining(why) });
  });
});
