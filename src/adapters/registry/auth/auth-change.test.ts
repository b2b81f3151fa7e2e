import { afterEach, describe, expect, test } from 'vitest';
import { problem, json } from '../../../../test/fakes/registry/registry-answer.ts';
import {
  anonymous,
  basicCredential,
  budgetOf,
  identityCredential,
} from '../../../../test/fakes/registry/registry-reading.ts';
import { ann, get, openLogins, seen, web } from '../../../../test/fakes/registry/registry-login.ts';
import type { Credential } from '../../../evidence/ports.ts';
import type { FakeRegistry } from '../../../../test/fakes/registry/registry.ts';

const { close, startWith, reader } = openLogins();
afterEach(close);

/** What a request shows, in words: `none`, `basic ann:pw`, `bearer REALM SERVICE SCOPE USER`. */
const shownBy = (header: string | undefined): string => {
  const [scheme = '', value = ''] = (header ?? '').split(' ');
  if (scheme === '') return 'none';
  return scheme === 'Basic'
    ? `basic ${Buffer.from(value, 'base64').toString()}`
    : `bearer ${Buffer.from(value, 'base64url').toString()}`;
};

/** A registry as a table: what it says to what it is shown; its tokens say for what they were given out. */
interface Rule {
  /** Matches what is shown. */
  readonly to: RegExp;
  /** A challenge, a status, or `the image`. */
  readonly says: string | 403 | 404;
  /** Of `/v2/` alone; else of every image. */
  readonly api?: true;
}

const play = async (rules: readonly Rule[]): Promise<FakeRegistry> => {
  const server = await startWith({ mode: 'none' });
  server.fault({ path: '/token' }, ({ request, url, send }) => {
    const who = shownBy(request.headers.authorization);
    if (who.includes('wrong')) return send(problem(401, 'UNAUTHORIZED', 'no', {}));
    const { searchParams: asked } = url;
    const text = [url.pathname, asked.get('service'), asked.get('scope'), who].join(' ');
    return send(json(200, { token: Buffer.from(text).toString('base64url') }));
  });
  server.fault({ path: '/v2/' }, ({ request, url, send }) => {
    const shown = shownBy(request.headers.authorization);
    const isApi = url.pathname === '/v2/';
    const rule = rules.find(({ to, api }) => to.test(shown) && (api ?? false) === isApi);
    const says = rule?.says ?? (isApi ? 'the image' : 403);
    if (says === 'the image') {
      const headers = { 'content-type': isApi ? 'application/json' : web.mediaType };
      return send({ status: 200, headers, body: isApi ? Buffer.from('{}') : web.bytes });
    }
    if (typeof says === 'number') return send(problem(says, 'SOME', 'thing', {}));
    const header = says.replaceAll('HOST', server.url);
    return send(problem(401, 'UNAUTHORIZED', 'log in', { 'www-authenticate': header }));
  });
  return server;
};

const bearer = (rest = '', realm = 'token'): string => `Bearer realm="HOST/${realm}",service="s"${rest}`;
const basic = 'Basic realm="x"';
const gives = { to: /./, says: 'the image' } as const;

interface Quirk {
  readonly title: string;
  readonly rules: readonly Rule[];
  readonly login?: Credential;
  readonly answer: 'known' | 'absent' | 'denied';
}

const identity = identityCredential('refresh');
const wrong = basicCredential('ann', 'wrong');

const quirks: readonly Quirk[] = [
  {
    title: 'Basic after a token was accepted',
    rules: [{ to: /^none/, says: bearer() }, { to: /^bearer/, says: basic }, gives],
    answer: 'known',
  },
  {
    title: 'Bearer after Basic',
    rules: [{ to: /^none/, says: basic }, { to: /^basic/, says: bearer() }, gives],
    answer: 'known',
  },
  {
    title: 'another token server of its own',
    rules: [
      { to: /^none/, says: bearer() },
      { to: /^bearer \/token /, says: bearer('', 'token/two') },
      gives,
    ],
    answer: 'known',
  },
  {
    title: 'another service',
    rules: [
      { to: /^none/, says: bearer() },
      { to: /^bearer \S+ s /, says: bearer().replace('"s"', '"other"') },
      gives,
    ],
    answer: 'known',
  },
  {
    title: 'the scope of an alias',
    rules: [
      { to: /^none/, says: bearer() },
      { to: /repository:team\/app:pull /, says: bearer(',scope="repository:hub/team/app:pull,push"') },
      { to: /repository:hub\/team\/app:pull basic/, says: 'the image' },
    ],
    answer: 'known',
  },
  {
    title: 'a scope that is a word, as at public.ecr.aws',
    rules: [
      { to: /^none/, says: bearer() },
      { to: / s repository/, says: bearer(',scope="aws"') },
      { to: / s aws /, says: 'the image' },
    ],
    answer: 'known',
  },
  {
    title: 'the same scheme again, although Basic stands beside it',
    rules: [
      { to: /^none/, says: `${bearer()}, ${basic}` },
      { to: /^bearer/, says: `${bearer()}, ${basic}` },
      gives,
    ],
    answer: 'known',
  },
  {
    title: 'one more change than is followed',
    rules: [
      { to: /^none/, says: bearer() },
      { to: /^bearer \/token /, says: bearer('', 'token/two') },
      { to: /^bearer \/token\/two /, says: bearer('', 'token/three') },
      gives,
    ],
    answer: 'denied',
  },
  {
    title: 'a third scheme after both others',
    rules: [
      { to: /^none/, says: basic },
      { to: /^basic/, says: bearer() },
      { to: /^bearer/, says: bearer('', 'token/two') },
    ],
    answer: 'denied',
  },
  {
    title: 'wider scopes for ever',
    rules: [{ to: /./, says: bearer(',scope="repository:team/app:push registry:catalog:*"') }],
    answer: 'denied',
  },
  {
    title: 'a way to log in that nobody speaks, after a token',
    rules: [
      { to: /^none/, says: bearer() },
      { to: /^bearer/, says: 'Negotiate' },
    ],
    answer: 'denied',
  },
  {
    title: '404 to whoever shows nothing, and its API asks for a login',
    rules: [{ to: /^none/, says: 404 }, { to: /^none/, says: basic, api: true }, gives],
    answer: 'known',
  },
  {
    title: '403 to whoever shows nothing, and its API asks for a token',
    rules: [{ to: /^none/, says: 403 }, { to: /^none/, says: bearer(), api: true }, gives],
    answer: 'known',
  },
  {
    title: '404 to everybody, and its API asks for a login',
    rules: [
      { to: /./, says: 404 },
      { to: /^none/, says: basic, api: true },
    ],
    answer: 'absent',
  },
  {
    title: '404, and its API is open',
    rules: [{ to: /^none/, says: 404 }, gives],
    answer: 'absent',
  },
  {
    title: '404 to whoever shows nothing, for a login that is wrong',
    rules: [
      { to: /^none/, says: 404 },
      { to: /./, says: basic, api: true },
      { to: /wrong/, says: basic },
    ],
    login: wrong,
    answer: 'denied',
  },
  {
    title: '404 to whoever shows nothing, for nobody in particular',
    rules: [
      { to: /^none/, says: 404 },
      { to: /./, says: basic, api: true },
    ],
    login: anonymous,
    answer: 'absent',
  },
  {
    title: 'Basic for an identity token',
    rules: [{ to: /^none/, says: basic }],
    login: identity,
    answer: 'denied',
  },
];

const outcomeOf = async (answer: ReturnType<typeof get>): Promise<string> => {
  const found = await answer;
  return found.state === 'unavailable' ? found.why.kind : found.state;
};

describe('a registry that changes its mind gives the first request what the tenth gets', () => {
  test.each(quirks)('$title', async ({ rules, login = ann, answer }) => {
    const server = await play(rules);
    const reading = reader();
    const answers: string[] = [];
    for (let at = 0; at < 10; at++) answers.push(await outcomeOf(get(reading, server, login)));
    expect(answers).toEqual(Array.from({ length: 10 }, () => answer));
  });

  test.each(quirks)(
    '$title, after its API was asked as login-test does',
    async ({ rules, login = ann, answer }) => {
      const server = await play(rules);
      const reading = reader();
      await reading.registry.ping(server.host, login, budgetOf());
      expect(await outcomeOf(get(reading, server, login))).toBe(answer);
    },
  );

  test.each(quirks)('$title, after others logged in otherwise', async ({ rules, login = ann, answer }) => {
    const server = await play(rules);
    const reading = reader();
    for (const other of [basicCredential('bob', 'pw'), identity, anonymous, wrong]) {
      await get(reading, server, other);
      await get(reading, server, other, 'team/other');
    }
    expect(await outcomeOf(get(reading, server, login))).toBe(answer);
  });
});

describe('what is followed stays within what may be shown', () => {
  test('no request is endless: three for one that has never been asked', async () => {
    const server = await play([{ to: /./, says: bearer(',scope="repository:team/app:pull,push"') }]);
    await get(reader(), server, ann);
    expect(seen(server)).toEqual(['manifests none', 'token basic', 'manifests bearer']);
  });

  test('a password that is refused is not shown again in the same request', async () => {
    const reading = reader();
    const guarded = await play([
      { to: /basic ann:pw/, says: 'the image' },
      { to: /./, says: basic },
    ]);
    await get(reading, guarded, ann);
    guarded.forget();
    expect(await outcomeOf(get(reading, guarded, wrong))).toBe('denied');
    expect(seen(guarded)).toEqual(['manifests basic', 'manifests none']);
  });

  test('what was accepted is shown at once, also where a second challenge led there', async () => {
    const server = await play([{ to: /^none/, says: bearer() }, { to: /^bearer/, says: basic }, gives]);
    const reading = reader();
    await get(reading, server, ann);
    expect(seen(server)).toEqual(['manifests none', 'token basic', 'manifests bearer', 'manifests basic']);
    server.forget();
    await get(reading, server, ann);
    expect(seen(server)).toEqual(['manifests basic']);
  });

  test.each([
    [
      'a token server that is not known to be its own',
      `Bearer realm="https://127.0.0.9:1/token",service="s"`,
    ],
    ['a token server over plain HTTP on another host', `Bearer realm="http://127.0.0.9:1/token",service="s"`],
  ])('B28: %s sees no password in a second challenge either', async (_title, second) => {
    const server = await play([
      { to: /^none/, says: bearer() },
      { to: /^bearer/, says: second },
    ]);
    expect(await outcomeOf(get(reader(), server, ann))).not.toBe('known');
    expect(seen(server)).toEqual(['manifests none', 'token basic', 'manifests bearer']);
  });

  test('B28: pushing, deleting and the catalogue are never asked for', async () => {
    const server = await play([
      { to: /^none/, says: bearer() },
      {
        to: / repository:team\/app:pull /,
        says: bearer(',scope="repository:other/app:pull,push,delete registry:catalog:*"'),
      },
      gives,
    ]);
    await get(reader(), server, ann);
    const asked = server.requests
      .filter(({ kind }) => kind === 'token')
      .map(({ path }) => new URL(path, 'http://x').searchParams.get('scope'));
    expect(asked).toEqual(['repository:team/app:pull', 'repository:other/app:pull']);
  });
});
