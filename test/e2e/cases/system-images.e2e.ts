import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { ScanReport } from '../../../src/core/vulnerability/report/scan-report.ts';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import { rowOf } from '../harness/evidence-stage.ts';
import { startGoRegistry } from '../harness/go-registry.ts';
import { imagegate } from '../harness/imagegate.ts';
import { skopeo } from '../harness/registry-commands.ts';
import type { RunningRegistry } from '../harness/registry-process.ts';
import { installSystemImage, packings } from '../harness/system-image.ts';

const repository = 'shop/system';
const registryNames = ['docker', 'go'] as const;

/** Debian by debootstrap, with packages of npm and PyPI and a Go program above, and one that a layer takes away. */
describe('an image of real parts', () => {
  const { layouts, dpkgQuery } = installSystemImage();
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-system-'));
  const config = join(folder, 'config.yaml');
  let registries: Readonly<Record<(typeof registryNames)[number], RunningRegistry>>;

  beforeAll(async () => {
    registries = { docker: await startDockerRegistry(), go: await startGoRegistry() };
    mkdirSync(join(folder, 'data'));
    writeFileSync(config, stringify({ registries: Object.values(registries).map(rowOf) }));
    for (const { host } of Object.values(registries))
      for (const packing of packings)
        await skopeo([
          'copy',
          '--quiet',
          '--preserve-digests',
          '--dest-tls-verify=false',
          `oci:${layouts[packing]}:latest`,
          `docker://${host}/${repository}:${packing}`,
        ]);
  });
  afterAll(async () => {
    await Promise.all(Object.values(registries).map((registry) => registry.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  const scan = async (target: string): Promise<ScanReport> => {
    const options = ['--config', config, '--data', join(folder, 'data'), '-o', 'json'];
    const { stdout, stderr } = await imagegate(['scan', target, ...options]);
    if (stdout === '') throw new Error(stderr);
    const { items } = JSON.parse(stdout) as { readonly items: readonly ScanReport[] };
    expect(items.map(({ problems }) => problems)).toEqual([[]]);
    return items[0]!;
  };

  const expectWhole = ({ packages, gaps }: ScanReport): void => {
    const listed = packages.map(({ ecosystem, name, version }) => [ecosystem, name, version].join(' '));
    const debian = packages.filter(({ ecosystem }) => ecosystem === 'Debian:12');
    expect(debian.map(({ name, version }) => `${name}\t${version}`).sort()).toEqual([...dpkgQuery].sort());
    expect(listed).toContain('npm express 4.17.1');
    expect(listed).toContain('PyPI Jinja2 2.10');
    expect(listed).toContain('Go golang.org/x/text v0.3.5');
    expect(listed.filter((one) => one.startsWith('npm lodash '))).toEqual([]);
    // A program that was built from a checkout does not say which version it is.
    expect(gaps.map(({ kind }) => kind)).toEqual(['version-unknown']);
  };

  it.each(packings)(
    'is listed from its layout as dpkg-query lists it, with layers in %s',
    async (packing) => {
      expectWhole(await scan(`oci:${layouts[packing]}`));
    },
  );

  it.each(registryNames.flatMap((name) => packings.map((packing) => [name, packing] as const)))(
    'is listed from the registry %s as dpkg-query lists it, with layers in %s',
    async (name, packing) => {
      expectWhole(await scan(`${registries[name].host}/${repository}:${packing}`));
    },
  );
});
