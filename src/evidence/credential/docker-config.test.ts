import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entriesFor, helperFor, readDockerConfig, type DockerConfig } from './docker-config.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const read = (auths: unknown, more: object = {}): DockerConfig => {
  const config = readDockerConfig(JSON.stringify({ auths, ...more }), 'dockerconfigjson');
  if (!config.ok) throw new Error(config.error);
  return config.value;
};
const at = (host: string, repository: string) => ({ host, repository });
const app = at('registry.example.com', 'team/app');
/** What one entry for the registry gives. */
const secretOf = (entry: unknown): unknown => {
  const [found] = entriesFor(read({ 'registry.example.com': entry }), app);
  return found?.secret;
};

describe('an entry with', () => {
  test.each([
    ['auth', { auth: base64('ann:pass') }, { kind: 'basic', username: 'ann', password: 'pass' }],
    [
      'a colon in the password',
      { auth: base64('ann:a:b') },
      { kind: 'basic', username: 'ann', password: 'a:b' },
    ],
    [
      'auth without padding',
      { auth: base64('ann:pass1').replace(/=+$/, '') },
      { kind: 'basic', username: 'ann', password: 'pass1' },
    ],
    [
      'auth in lines',
      { auth: `${base64('ann:pass').slice(0, 4)}\r\n${base64('ann:pass').slice(4)}\n` },
      { kind: 'basic', username: 'ann', password: 'pass' },
    ],
    [
      'NUL behind the password, as old Docker wrote',
      { auth: base64('ann:pass\0\0') },
      { kind: 'basic', username: 'ann', password: 'pass' },
    ],
    [
      'letters of the world',
      { auth: base64('änn:pässwörd') },
      { kind: 'basic', username: 'änn', password: 'pässwörd' },
    ],
    [
      'user and password',
      { username: 'ann', password: 'pass' },
      { kind: 'basic', username: 'ann', password: 'pass' },
    ],
    [
      'both, where auth wins',
      { auth: base64('ann:pass'), username: 'x', password: 'y' },
      { kind: 'basic', username: 'ann', password: 'pass' },
    ],
    ['an identity token', { identitytoken: 'tok' }, { kind: 'identity-token', token: 'tok' }],
    [
      'an identity token and a user',
      { auth: base64('0000:'), identitytoken: 'tok' },
      { kind: 'identity-token', username: '0000', token: 'tok' },
    ],
    ['a registry token', { registrytoken: 'tok', auth: base64('a:b') }, { kind: 'bearer', token: 'tok' }],
    [
      'null where nothing is meant',
      { auth: null, username: 'ann', password: 'pass' },
      { kind: 'basic', username: 'ann', password: 'pass' },
    ],
  ])('%s', (_title, entry, secret) => expect(secretOf(entry)).toEqual({ ok: true, value: secret }));

  test.each([
    ['nothing: a helper keeps it', {}],
    ['only an e-mail address', { email: 'ann@example.com' }],
    ['empty texts', { auth: '', username: '', password: '' }],
  ])('%s is no entry', (_title, entry) => expect(secretOf(entry)).toBeUndefined());

  test.each([
    ['auth that is no base64', { auth: 's3cret-text!' }, 'its auth is not base64 of USER:PASSWORD'],
    [
      'auth in the URL alphabet',
      { auth: `${base64('ann:??>').replaceAll('/', '_')}_` },
      'its auth is not base64 of USER:PASSWORD',
    ],
    ['auth with padding in the middle', { auth: 'YW5u=OnBhc3M=' }, 'its auth is not base64 of USER:PASSWORD'],
    ['auth with wrong padding', { auth: 'YW5uOnBhc3Mx=' }, 'its auth is not base64 of USER:PASSWORD'],
    ['auth with stray bits', { auth: 'YTpiYh==' }, 'its auth is not base64 of USER:PASSWORD'],
    ['auth without colon', { auth: base64('s3cret-text') }, 'its auth is not base64 of USER:PASSWORD'],
    [
      'auth that is no text',
      { auth: Buffer.from([0xff, 0x3a, 0xfe]).toString('base64') },
      'its auth is no UTF-8 text',
    ],
    [
      'a line break in the password',
      { auth: base64('ann:s3cret-text\n') },
      /control character, maybe a line break at its end/,
    ],
    [
      'a line break in the user',
      { username: 'ann\r\nx', password: 's3cret-text' },
      'its user name holds a control character',
    ],
    ['a colon in the user', { username: 'ann:s3cret-text', password: 'x' }, 'its user name holds a colon'],
    [
      'a line break in a token (header injection)',
      { registrytoken: 's3cret-text\r\nx: y' },
      'its registrytoken holds characters that no token has',
    ],
    [
      'a line break in an identity token',
      { identitytoken: 's3cret-text\n' },
      'its identitytoken holds a control character',
    ],
    ['a number for a password', { username: 'ann', password: 7 }, 'its password is no text'],
    ['text where an object belongs', 's3cret-text', 'it is no object'],
    ['more than any secret has', { auth: 'A'.repeat(70_000) }, 'its auth is longer than 65536 characters'],
  ])('%s says so without quoting it (B37)', (_title, entry, why) => {
    const secret = secretOf(entry);
    expect(secret).toMatchObject({
      ok: false,
      error: why instanceof RegExp ? expect.stringMatching(why) : why,
    });
    expect(JSON.stringify(secret)).not.toContain('s3cret-text');
  });
});

describe('several entries', () => {
  test('that match are all candidates, the most specific first, equal ones in their order', () => {
    const login = (username: string) => ({ username, password: 'p' });
    const config = read({
      '*.example.com': login('glob'),
      'registry.example.com': login('host'),
      'registry.example.com/team': login('team'),
      'https://registry.example.com/v1/': login('url'),
      'registry.example.com/teamevil': login('evil'),
      'other.example.com': login('other'),
    });
    const users = entriesFor(config, app).map(
      ({ secret }) => secret.ok && 'username' in secret.value && secret.value.username,
    );
    expect(users).toEqual(['team', 'host', 'url', 'glob']);
  });

  test('do not suffer from a broken one: it is reported by its number, never by its text (B37)', () => {
    const config = read({
      'https://ann:s3cret-text@registry.example.com': { auth: base64('a:b') },
      'registry.example.com': { auth: base64('ann:pass') },
    });
    expect(config.problems).toEqual([
      'the key of entry 1 of its auths names no registry; a key is HOST, HOST:PORT or HOST/PATH',
    ]);
    expect(entriesFor(config, app)).toHaveLength(1);
  });

  test('may be called like what every object inherits', () => {
    const text = '{"auths":{"__proto__":{"auth":"YTpi"},"constructor":{"auth":"YTpi"}}}';
    const config = readDockerConfig(text, 'dockerconfigjson');
    expect(config).toMatchObject({ ok: true, value: { entries: [{ key: { shown: 'constructor' } }] } });
  });
});

describe('a file', () => {
  test('in the legacy form has the entries at its top', () => {
    const config = readDockerConfig(
      JSON.stringify({ 'https://registry.example.com/v1/': { auth: base64('ann:pass') } }),
      'dockercfg',
    );
    expect(config.ok && entriesFor(config.value, app)).toHaveLength(1);
  });

  test('in one form is empty in the other, not misread', () => {
    const text = JSON.stringify({ 'registry.example.com': { auth: base64('ann:pass') } });
    expect(readDockerConfig(text, 'dockerconfigjson')).toMatchObject({
      ok: true,
      value: { entries: [], problems: [] },
    });
  });

  test.each([
    ['that is no JSON', '{"auths":{"registry.example.com":{"auth":"s3cret-text"', 'it is no JSON'],
    ['that is empty', '', 'it is no JSON'],
    ['that is a list', '["s3cret-text"]', 'it is no JSON object'],
    ['whose auths is a list', '{"auths":["s3cret-text"]}', 'its auths is no map of registries'],
    ['whose credHelpers is text', '{"credHelpers":"s3cret-text"}', 'its credHelpers is no map of registries'],
    ['that is too large', `{"auths":{},"x":"${'s3cret-text'.repeat(100_000)}"}`, 'it is larger than 1 MiB'],
    [
      'with too many entries',
      JSON.stringify({
        auths: Object.fromEntries(Array.from({ length: 1025 }, (_, n) => [`h${n}.example.com`, {}])),
      }),
      'its auths has more than 1024 entries',
    ],
    [
      'with more values than any has',
      `{"auths":{"a":[${'0,'.repeat(30_000)}0]}}`,
      'it holds more than 30000 values',
    ],
    [
      'with more stars than are compared',
      JSON.stringify({
        auths: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`*.r${String(at)}.io`, {}])),
      }),
      'its auths has more than 64 entries with a star',
    ],
    ['that is nested beyond all measure', '['.repeat(500_000), 'it is nested deeper than 64 levels'],
  ])('%s is refused with a sentence that holds none of it (B9, B37)', (_title, text, error) => {
    expect(readDockerConfig(text, 'dockerconfigjson')).toEqual({ ok: false, error });
  });

  test('names helpers as data', () => {
    const config = read(
      {},
      { credHelpers: { 'public.ecr.aws': 'ecr-login', 'docker.io/acme': 'acme' }, credsStore: 'pass' },
    );
    expect(helperFor(config, at('public.ecr.aws', 'x'))).toBe('ecr-login');
    expect(helperFor(config, at('docker.io', 'acme/app'))).toBe('acme');
    expect(helperFor(config, at('docker.io', 'library/nginx'))).toBe('pass');
    expect(helperFor(read({}), app)).toBeUndefined();
    expect(
      helperFor(read({}, { credsStore: 7, credHelpers: { 'registry.example.com': 7 } }), app),
    ).toBeUndefined();
  });
});

describe('properties', () => {
  const plain = fc
    .string({ unit: 'grapheme' })
    .filter((text) => !/\p{Cc}/u.test(text) && text.isWellFormed());
  test('every user and password that Basic allows come back from auth as they were', () => {
    fc.assert(
      fc.property(plain, plain, (user, password) => {
        fc.pre(!user.includes(':') && user + password !== '');
        expect(secretOf({ auth: base64(`${user}:${password}`) })).toEqual({
          ok: true,
          value: { kind: 'basic', username: user, password },
        });
      }),
    );
  });

  test('reading is total, and no message quotes the text (B37)', () => {
    const planted = fc.constantFrom('s3cret-text', base64('ann:s3cret-text'));
    fc.assert(
      fc.property(fc.jsonValue(), planted, fc.string(), (value, secret, noise) => {
        const texts = [
          JSON.stringify({ auths: { [secret + noise]: value, 'a.b': { auth: secret + noise } } }),
          `{"auths": ${secret}${noise}`,
        ];
        for (const text of texts) {
          const config = readDockerConfig(text, 'dockerconfigjson');
          const said = config.ok
            ? [
                ...config.value.problems,
                ...config.value.entries.flatMap((entry) => (entry.secret.ok ? [] : [entry.secret.error])),
              ]
            : [config.error];
          expect(said.join('\n')).not.toContain(secret);
        }
      }),
    );
  });
});
