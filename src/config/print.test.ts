import { describe, expect, test } from 'vitest';
import { printConfig } from './print.ts';
import { resolveConfig, type ConfigSources } from './resolve.ts';
import type { Config } from './resolved.ts';
import { settingKeys } from './settings/settings.ts';

const resolve = (sources: ConfigSources): Config => {
  const result = resolveConfig(sources);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value.config;
};
const config = resolve({
  flags: { cluster: true, listen: '[::1]:0' },
  environment: { IMAGEGATE_ADMINS: 'ops,#1: yes' },
  file: {
    path: 'gate.yaml',
    text: `recordMaxAge: 7d
workloads:
  - { group: x.io, resource: fleets, kind: Fleet, images: ["spec.steps[].image"] }
  - { group: x.io, resource: ships, kind: Ship, versions: [v1], scope: Cluster, podSpec: [spec.a, "spec.b.*[]"], placeholder: "{{…}}" }
  - { group: x.io, resource: ports, kind: Port, images: [] }`,
  },
});

describe('printConfig', () => {
  const lines = printConfig(config).split('\n');

  test.each([
    'listen: "[::1]:0"  # flag --listen',
    'admin: 127.0.0.1:8080  # default',
    'cluster: true  # flag --cluster',
    'admins:  # environment IMAGEGATE_ADMINS',
    'recordMaxAge: 7d  # gate.yaml:1:15',
    'recordMaxBytes: 512MiB  # default',
    '# unmatched is not set (default)',
    'policies: []  # default',
  ])('says %j', (line) => expect(lines).toContain(line));

  test('names every setting', () => {
    const text = lines.join('\n');
    for (const key of settingKeys) expect(text).toMatch(new RegExp(`^(# )?${key}\\b`, 'm'));
  });

  test('is itself a file for --config that gives the same values', () => {
    const again = resolve({
      flags: {},
      environment: {},
      file: { path: 'printed.yaml', text: printConfig(config) },
    });
    for (const key of settingKeys) expect(again[key].value).toEqual(config[key].value);
  });
});
