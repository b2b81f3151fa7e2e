import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { bin, eventually, folderWith, root, startProgram } from './imagegate.ts';
import { policyFolder, podText, foreign } from './policies.ts';
import { freePorts, readyPattern } from './running-gate.ts';

const isOld = (node: string): boolean => {
  try {
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' });
    const [, major = '0', minor = '0'] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
    return Number(major) < 24 || (Number(major) === 24 && Number(minor) < 15);
  } catch {
    return false;
  }
};

/** A Node of the machine that is too old, else a stand-in: this Node with another version number. */
const oldNode = (): string => {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .find((path) => !path.includes('node_modules') && isOld(path));
  if (found !== undefined) return found;
  const folder = folderWith({
    'old.cjs': `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.11.0' } });\n`,
  });
  const script = join(folder, 'node');
  writeFileSync(
    script,
    `#!/bin/sh\nexec "${process.execPath}" --require "${join(folder, 'old.cjs')}" "$@"\n`,
  );
  chmodSync(script, 0o755);
  return script;
};

const node = oldNode();

/** Preloaded: the process gets SIGTERM when it has started another one, before it can do anything else. */
const signalAfterSpawn = `
const childProcess = require('node:child_process');
const { spawn } = childProcess;
childProcess.spawn = (...args) => {
  const child = spawn(...args);
  process.kill(process.pid, 'SIGTERM');
  return child;
};
require('node:module').syncBuiltinESMExports();
`;
const run = (...args: string[]) => startProgram(node, [bin, ...args]);

describe('R22: an older Node hands over to the one that npm installed', () => {
  test('the bin file imports nothing before it has checked the version', () => {
    const lines = readFileSync(bin, 'utf8').split('\n');
    const check = lines.findIndex((line) => line.includes('process.versions.node'));
    const firstImport = lines.findIndex((line) =>
      /\bimport\b(?!\.meta)|\brequire\(/.test(line.replace(/\/\/.*/, '')),
    );
    expect(check).toBeGreaterThan(0);
    expect(firstImport).toBeGreaterThan(check);
  });

  test('package.json allows the install script of that Node', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      allowScripts: Record<string, boolean>;
      devDependencies: Record<string, string>;
    };
    expect(manifest.allowScripts['node']).toBe(true);
    expect(manifest.devDependencies).toHaveProperty('node');
  });

  test('the command runs on the newer one', async () => {
    const { code, stdout } = await run('version').ended;
    expect(code).toBe(0);
    const [, major = '0'] = /\(node (\d+)\./.exec(stdout) ?? [];
    expect(Number(major)).toBeGreaterThanOrEqual(24);
  });

  test.each([
    ['0', ['explain', 'unmatched'], 0],
    ['2', ['check', 'manifest'], 2],
  ])('exit code %s is passed on', async (_title, args, code) => {
    expect((await run(...args).ended).code).toBe(code);
  });

  test('exit code 1 is passed on, with standard input and both outputs', async () => {
    const input = podText('bad', foreign);
    const args = [bin, 'check', 'manifest', '--policies', policyFolder(), '-f', '-', '-o', 'json'];
    const ended = await startProgram(node, args, { input }).ended;
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({ items: [{ allowed: false }] });
    expect(ended.stderr).toBe('1 workload judged: 1 denied, 0 allowed\n');
  });

  test.each([
    ['once', 0],
    ['twice, as npx sends it (R20)', 1],
  ])('SIGTERM %s drains the gate and ends with 0', async (_title, more) => {
    const gate = run('serve', '--policies', policyFolder(), '--data', folderWith(), ...freePorts);
    await eventually('the ready line', () => readyPattern.exec(gate.stdout()) ?? undefined);
    gate.child.kill('SIGTERM');
    for (let sent = 0; sent < more; sent++) {
      await sleep(5);
      gate.child.kill('SIGTERM');
    }
    expect(await gate.ended).toMatchObject({ code: 0, signal: null });
  });

  test('Ctrl-C, which the whole process group gets, ends the gate with 0 as well', async () => {
    const gate = run('serve', '--policies', policyFolder(), '--data', folderWith(), ...freePorts);
    await eventually('the ready line', () => readyPattern.exec(gate.stdout()) ?? undefined);
    gate.child.kill('SIGINT');
    expect(await gate.ended).toMatchObject({ code: 0, signal: null });
  });

  test('a command that a signal ends is reported as ended by that signal', async () => {
    const folder = folderWith();
    const pipe = join(folder, 'never');
    await startProgram('mkfifo', [pipe]).ended;
    const check = run('check', 'manifest', '--policies', policyFolder(), '-f', pipe);
    await sleep(1500);
    check.child.kill('SIGTERM');
    expect(await check.ended).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' });
  });

  test('a signal just after the start of the command ends it as well: it does not go on alone', async () => {
    const folder = folderWith({ 'signal-after-spawn.cjs': signalAfterSpawn });
    const pipe = join(folder, 'never');
    await startProgram('mkfifo', [pipe]).ended;
    const command = [bin, 'check', 'manifest', '--policies', policyFolder(), '-f', pipe];
    const check = startProgram(node, ['--require', join(folder, 'signal-after-spawn.cjs'), ...command]);
    expect(await check.ended).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' });
  });
});

describe('R22: no newer Node is there', () => {
  const elsewhere = (ownNode?: string): string => {
    const folder = folderWith();
    mkdirSync(join(folder, 'bin'));
    copyFileSync(bin, join(folder, 'bin', 'imagegate.mjs'));
    if (ownNode !== undefined) {
      mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true });
      symlinkSync(ownNode, join(folder, 'node_modules', '.bin', 'node'));
    }
    return join(folder, 'bin', 'imagegate.mjs');
  };

  test.each([
    ['nothing is installed beside it', () => elsewhere()],
    ['what is installed beside it is too old as well', () => elsewhere(node)],
  ])('%s: one sentence and exit code 2', async (_title, copy) => {
    const ended = await startProgram(node, [copy(), 'version']).ended;
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(
      /^imagegate: Node 24\.15 or newer is needed, this is [\d.]+; install a newer Node.*\n$/,
    );
  });

  test('a checkout that was never built says so', async () => {
    const ended = await startProgram(process.execPath, [elsewhere(), 'version']).ended;
    expect(ended).toMatchObject({ code: 2, stderr: 'imagegate: this checkout is not built; run: npm ci\n' });
  });
});
