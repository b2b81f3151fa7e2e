import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startFeedServer } from './feed-server.ts';
import { eventually, folderWith, root } from './imagegate.ts';
import { startGate } from './running-gate.ts';

const policies = join(root, 'examples/policies/trusted-registries');
const fixture = (name: string): Buffer => readFileSync(join(root, 'test/fixtures/advisories', name));

test('serve asks its feeds, tells what came of it, and answers meanwhile', async () => {
  const server = await startFeedServer();
  server.put('/osv/PyPI/all.zip', fixture('PyPI.zip'));
  const cwd = folderWith({ 'ca.crt': server.ca });
  const row = `format: osv, url: '${server.url}/osv', caFile: ca.crt, allowPrivateAddress: true`;
  writeFileSync(
    join(cwd, 'gate.yaml'),
    `advisories:\n  - { name: osv, ecosystems: [PyPI], ${row} }\n  - { name: gone, ecosystems: [npm], ${row} }\n`,
  );
  const gate = await startGate(policies, ['--config', 'gate.yaml'], { cwd });
  const samples = await eventually(
    'both feeds',
    async () => {
      const lines = (await (await fetch(`${gate.admin}/metrics`)).text()).split('\n');
      const found = lines.filter((line) => /^imagegate_advisor(ies\{|y_updates_total\{)/.test(line));
      return found.length === 3 ? found : undefined;
    },
    40_000,
  );
  expect(samples.sort()).toEqual([
    expect.stringMatching(/^imagegate_advisories\{feed="osv"\} \d+$/),
    'imagegate_advisory_updates_total{feed="gone",outcome="failed"} 1',
    'imagegate_advisory_updates_total{feed="osv",outcome="accepted"} 1',
  ]);
  expect((await gate.readyz()).text).toContain('advisories: ok (1 parts)');
  const { stderr, code } = await gate.stop();
  expect(code).toBe(0);
  expect(stderr).toContain('a feed of advisories was not updated; the last good stays');
  expect(stderr).toContain('answers 404');
});

test('serve takes a feed that its configuration names later, and one that it names no more is not asked again', async () => {
  const server = await startFeedServer();
  server.put('/osv/PyPI/all.zip', fixture('PyPI.zip'));
  server.put('/osv/Go/all.zip', fixture('Go.zip'));
  const cwd = folderWith({ 'ca.crt': server.ca });
  const rowOf = (name: string, ecosystem: string): string =>
    `  - { name: ${name}, ecosystems: [${ecosystem}], format: osv, url: '${server.url}/osv', caFile: ca.crt, allowPrivateAddress: true }\n`;
  const file = join(cwd, 'gate.yaml');
  writeFileSync(file, `advisories:\n${rowOf('one', 'PyPI')}`);
  const gate = await startGate(policies, ['--config', 'gate.yaml'], { cwd });
  const feedIn = async (feed: string): Promise<true | undefined> =>
    (await (await fetch(`${gate.admin}/metrics`)).text()).includes(`imagegate_advisories{feed="${feed}"}`) ||
    undefined;
  await eventually('the first feed', () => feedIn('one'), 40_000);
  writeFileSync(file, `advisories:\n${rowOf('two', 'Go')}`);
  await eventually('the second feed', () => feedIn('two'), 40_000);
  expect(await feedIn('one')).toBe(true);
  writeFileSync(file, 'advisories: [{ name: two }]\n');
  await eventually(
    'the refusal',
    async () =>
      (await (await fetch(`${gate.admin}/metrics`)).text()).includes(
        'imagegate_policy_reloads_total{outcome="registries-refused"} 1',
      ) || undefined,
    20_000,
  );
  const { stderr, code } = await gate.stop();
  expect(code).toBe(0);
  expect(stderr).toContain('the last good rows stay');
});

test('serve does not start with a feed whose authority cannot be read', async () => {
  const cwd = folderWith({
    'gate.yaml':
      'advisories: [{ name: osv, format: osv, url: osv.dev, ecosystems: [npm], caFile: gone.crt }]\n',
  });
  await expect(startGate(policies, ['--config', 'gate.yaml'], { cwd })).rejects.toThrow(
    /advisories: caFile of osv: cannot read/,
  );
});
