/**
 * What `npm run try` shows a refusal by vulnerabilities with: a registry on loopback that stands for registry.example.com
 * with two small images and the list of packages beside each, and the one advisory that the gate has.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cycloneDx, criticalVector, listFor, osvRecord, osvZip } from '../test/fakes/advisories.ts';
import { startFakeRegistry, type FakeRegistry } from '../test/fakes/registry/registry.ts';
import { image } from '../test/fakes/registry/registry-content.ts';

const packageName = 'till-http';
const fixed = '4.0.2';

/** The images of the repository `till/web` that examples/reviews name: one with the hole, one without. */
export const startTillRegistry = async (): Promise<FakeRegistry> => {
  const registry = await startFakeRegistry();
  for (const [tag, version] of [
    ['2.0.1', '4.0.1'],
    ['2.0.2', fixed],
  ] as const) {
    const made = image({ layers: [`till ${tag}`] });
    registry.push('till/web', made, tag);
    registry.push('till/web', listFor(made, cycloneDx([`pkg:npm/${packageName}@${version}`])));
  }
  return registry;
};

/** Invented, and named so that nobody takes it for a real one. @returns the folder for `advisories import` */
export const writeTillAdvisory = async (folder: string): Promise<string> => {
  const record = osvRecord('EXAMPLE-2026-1', {
    ecosystem: 'npm',
    name: packageName,
    fixed,
    vector: criticalVector,
  });
  const feed = join(folder, 'example');
  await mkdir(join(feed, 'npm'), { recursive: true });
  await writeFile(join(feed, 'npm', 'all.zip'), osvZip(record));
  return feed;
};

/** The file for `--config`. */
export const writeTillConfig = async (folder: string): Promise<string> => {
  const file = join(folder, 'imagegate.yaml');
  await writeFile(file, JSON.stringify({ registries: [{ host: 'registry.example.com', plainHttp: true }] }));
  return file;
};

/** The registry is its own proxy: the gate asks it, and no name server, for what registry.example.com holds. */
export const tillProxy = ({ url }: FakeRegistry): NodeJS.ProcessEnv => ({ http_proxy: url, no_proxy: '' });
