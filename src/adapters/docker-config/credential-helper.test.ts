import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { standingClock } from '../../../test/fakes/credentials.ts';
import { createCredentialHelpers, type CredentialHelpers } from './credential-helper.ts';

let folder: string;
const clock = standingClock();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagegate-helper-'));
});
afterEach(() => rm(folder, { recursive: true }));

const never = new AbortController().signal;
const hub = { host: 'docker.io', repository: 'library/nginx' };
const registry = { host: 'r.example.com:5000', repository: 'app' };
/** A helper of this name that runs a shell script. */
const install = async (name: string, script: string): Promise<void> => {
  const file = join(folder, `docker-credential-${name}`);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
};
const helpers = (timeout?: number): CredentialHelpers =>
  createCredentialHelpers({
    environment: { PATH: `${folder}:/usr/bin:/bin`, HOME: folder, EXTRA: 'from the user' },
    clock,
    ...(timeout === undefined ? {} : { timeout }),
  });
const answer = (username: string, secret = 's3cret-text'): string =>
  `echo '${JSON.stringify({ ServerURL: 'x', Username: username, Secret: secret })}'`;

describe('a credential helper', () => {
  test('is given the server on stdin and `get` as its argument, and no shell reads either', async () => {
    await install('ok', `printf '%s|' "$*" > "${folder}/seen"; cat >> "${folder}/seen"; ${answer('ann')}`);
    expect(await helpers().get('ok', registry, never)).toEqual({
      state: 'known',
      value: { kind: 'basic', username: 'ann', password: 's3cret-text' },
    });
    expect(await readFile(join(folder, 'seen'), 'utf8')).toBe('get|r.example.com:5000');
    await helpers().get('ok', hub, never);
    expect(await readFile(join(folder, 'seen'), 'utf8')).toBe('get|https://index.docker.io/v1/');
  });

  test('says by the user name <token> that it gives an identity token', async () => {
    await install('tok', answer('<token>', 'refresh'));
    expect(await helpers().get('tok', hub, never)).toEqual({
      state: 'known',
      value: { kind: 'identity-token', token: 'refresh' },
    });
  });

  test('has the environment of the user', async () => {
    await install('env', `cat > /dev/null; printf '{"Username":"%s","Secret":"x"}' "$EXTRA"`);
    expect(await helpers().get('env', hub, never)).toMatchObject({ value: { username: 'from the user' } });
  });

  test('that knows nothing of the registry is absent', async () => {
    await install('none', `cat > /dev/null; echo 'credentials not found in native keychain'; exit 1`);
    expect(await helpers().get('none', hub, never)).toEqual({ state: 'absent' });
    await install('empty', `cat > /dev/null; echo '{"Username":"","Secret":""}'`);
    expect(await helpers().get('empty', hub, never)).toEqual({ state: 'absent' });
  });

  test('that reads no input is no matter', async () => {
    await install('deaf', `exec 0<&-; ${answer('ann')}`);
    expect(await helpers().get('deaf', hub, never)).toMatchObject({ state: 'known' });
  });

  test('is asked once for all images of a registry, and again after a minute', async () => {
    await install('count', `cat > /dev/null; echo x >> "${folder}/calls"; ${answer('ann')}`);
    const all = helpers();
    await Promise.all(Array.from({ length: 5 }, () => all.get('count', registry, never)));
    await all.get('count', { ...registry, repository: 'other' }, never);
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('x\n');
    clock.advance(60_001);
    await all.get('count', registry, never);
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('x\nx\n');
  });

  test.each([
    [
      'fails',
      `echo s3cret-text; echo s3cret-text >&2; exit 3`,
      'docker-credential-bad ended with exit code 3',
    ],
    ['says no JSON', `echo s3cret-text`, 'docker-credential-bad gave no JSON object'],
    ['says nothing', `:`, 'docker-credential-bad gave no JSON object'],
    [
      'gives a password with a line break',
      `echo '{"Username":"ann","Secret":"s3cret-text\\u000a"}'`,
      'the answer of docker-credential-bad cannot be used: its password holds a control character, maybe a line break at its end',
    ],
    [
      'gives a number',
      `echo '{"Username":"ann","Secret":7}'`,
      'the answer of docker-credential-bad cannot be used: its password is no text',
    ],
    [
      'never stops talking (B9)',
      `while :; do echo s3cret-text-s3cret-text-s3cret-text; done`,
      'docker-credential-bad wrote more than 64 KiB',
    ],
    ['ends by a signal', `kill -9 $$`, 'docker-credential-bad ended with a signal'],
  ])('that %s is told without its words (B37)', async (_title, script, why) => {
    await install('bad', script);
    const fact = await helpers().get('bad', hub, never);
    expect(fact).toMatchObject({ state: 'unavailable', why: { why } });
    expect(JSON.stringify(fact)).not.toContain('s3cret-text');
  });

  test('that is not installed, or no program', async () => {
    expect(await helpers().get('gone', hub, never)).toMatchObject({
      why: { why: 'docker-credential-gone is not installed' },
    });
    await writeFile(join(folder, 'docker-credential-text'), 'text');
    expect(await helpers().get('text', hub, never)).toMatchObject({
      why: { why: 'docker-credential-text could not be started' },
    });
  });

  test('that hangs is ended, with whatever holds its output', async () => {
    await install('hang', `sleep 60 & echo $! > "${folder}/child"; echo $$ > "${folder}/pid"; wait`);
    expect(await helpers(1500).get('hang', hub, never)).toMatchObject({ state: 'unavailable' });
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8'));
    await expect.poll(() => isAlive(pid)).toBe(false);
    process.kill(Number(await readFile(join(folder, 'child'), 'utf8')));
  });

  test('is not waited for beyond the deadline of the caller', async () => {
    await install('slow', `sleep 0.5; ${answer('ann')}`);
    const all = helpers();
    const patient = all.get('slow', hub, never);
    expect(await all.get('slow', hub, AbortSignal.timeout(5))).toMatchObject({
      state: 'unavailable',
      why: { why: 'there was no answer within the deadline' },
    });
    expect(await patient).toMatchObject({ state: 'known' });
  });

  test.each(['../evil', 'a/b', 'Pass', 'a b', 'a;touch x', '$(touch x)', '', 'a\n', 'a'.repeat(65)])(
    'is not looked for under the name %j',
    async (name) => {
      await install('evil', answer('ann'));
      expect(await helpers().get(name, hub, never)).toMatchObject({
        why: { why: expect.stringMatching(/a name that no program has/) as string },
      });
    },
  );
});

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
