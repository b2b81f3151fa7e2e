import { beforeAll, describe, expect, test } from 'vitest';
import { artifact, image, index, rawManifest } from '../fakes/registry/registry-content.ts';
import { status } from '../fakes/registry/registry-faults.ts';
import { itemsOf } from './decision-list.ts';
import type { Ended } from './imagegate.ts';
import { podText } from './policies.ts';
import { nonRoot, stageRegistry, type RegistryStage } from './registry-stage.ts';

let stage: RegistryStage;
const named = (tag: string): string => `${stage.host}/team/web:${tag}`;
const policies = ['--policies', nonRoot];
const checkImage = (tag: string, ...args: readonly string[]): Promise<Ended> =>
  stage.run(['check', 'image', named(tag), ...policies, ...stage.config, ...args]);
const checkManifest = (tag: string, ...args: readonly string[]): Promise<Ended> =>
  stage.run(['check', 'manifest', '-f', '-', ...policies, ...stage.config, ...args], {
    input: podText('web', named(tag)),
  });

const schemaOne = { schemaVersion: 1, name: 'team/web', tag: 'one', fsLayers: [], history: [] };
const many = index(
  Array.from({ length: 65 }, (_, at) =>
    image({ user: '1000', platform: { os: 'linux', architecture: `a${String(at)}` } }),
  ),
);

beforeAll(async () => {
  stage = await stageRegistry();
  const { registry } = stage;
  const web = image({ user: '1000' });
  registry.push('team/web', artifact({ artifactType: 'application/vnd.example.thing' }), 'artifact');
  registry.push('team/web', rawManifest(schemaOne, web.mediaType), 'schema-1');
  registry.push('team/web', rawManifest('{"schemaVersion":2', web.mediaType), 'broken');
  registry.push('team/web', many, 'limit');
  registry.push('team/web', web, 'down');
  registry.push('team/lies', web, 'v1');
});

const refused = ['artifact', 'schema-1', 'broken', 'limit'];

describe('R20: what is refused for good is a finding: 1, and not "nobody could look"', () => {
  test.each(refused)('check image of %s: 1, marked as final, and no word of trying again', async (tag) => {
    const ended = await checkImage(tag, '-o', 'json');
    const findings = itemsOf(ended)[0]?.findings ?? [];
    expect([ended.code, findings]).toMatchObject([1, [{ code: 'image-unavailable', final: true }]]);
    expect(JSON.stringify(findings)).not.toMatch(/try again/);
  });

  test.each(refused)('check manifest of %s: 1', async (tag) => {
    const ended = await checkManifest(tag, '-o', 'json');
    expect([ended.code, itemsOf(ended)[0]?.findings]).toMatchObject([1, [{ final: true }]]);
  });

  test.each(['json', 'yaml', 'sarif', 'junit', 'table'])('and so with -o %s', async (format) => {
    const ends = await Promise.all([
      checkImage('artifact', '-o', format),
      checkManifest('artifact', '-o', format),
    ]);
    expect(ends.filter(({ code }) => code !== 1)).toEqual([]);
    for (const { stdout } of ends) expect(stdout).not.toMatch(/try again/);
  });

  test('a config whose bytes are not those of its digest: 1', async () => {
    const body = Buffer.from('{"config":{"User":"1000"}}');
    const disarm = stage.registry.fault({ path: '/team/lies/blobs/' }, (exchange) =>
      exchange.send({ ...exchange.truth(), body, headers: { 'content-length': String(body.length) } }),
    );
    const args = ['check', 'image', `${stage.host}/team/lies:v1`, ...policies, ...stage.config, '-o', 'json'];
    const ended = await stage.run(args);
    disarm();
    expect([ended.code, itemsOf(ended)[0]?.findings]).toMatchObject([1, [{ final: true }]]);
  });

  test.each([500, 429, 403])('but status %i is 3: nobody could look', async (code) => {
    const disarm = stage.registry.fault({ path: '/team/web/' }, status(code));
    const ended = await checkImage('down', '-o', 'json');
    disarm();
    expect(ended.code).toBe(3);
    expect(itemsOf(ended)[0]?.findings[0]).not.toHaveProperty('final');
  });
});
