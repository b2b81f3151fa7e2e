import { describe, expect, test } from 'vitest';
import { noLoginText, type LoginFault } from './no-login-text.ts';
import type { RegistryFailure } from '../ports.ts';

const denied = (why: string, more: Partial<RegistryFailure> = {}): RegistryFailure => ({
  kind: 'denied',
  stage: 'manifest',
  host: 'r.example.com',
  why,
  ...more,
});
const bare = (failure?: RegistryFailure): LoginFault => ({
  kind: 'anonymous',
  source: 'anonymous',
  ...(failure && { failure }),
});
const secret = (more: Pick<LoginFault, 'why' | 'failure'>): LoginFault => ({
  kind: 'pull-secret',
  source: 'pull secret shop/regcred',
  ...more,
});
const anonymous = bare(denied('status 401: r.example.com refused the question for the manifest of app:1'));
const negotiate = denied('it offers neither Basic nor Bearer to log in, but negotiate; status 401', {
  remedy: 'the registry has to offer Basic or Bearer',
});

const cases: readonly (readonly [string, readonly LoginFault[], RegExp, RegExp])[] = [
  [
    'who shows nothing',
    [anonymous],
    /^it may not exist, or it needs a login: status 401: /,
    /^look whether the name is right/,
  ],
  ['who was refused a moment ago', [bare()], /^it may not exist, or it needs a login/, /name is right/],
  [
    'a registry with a scheme that nobody speaks',
    [bare(negotiate)],
    /^it offers neither Basic nor Bearer/,
    /has to offer/,
  ],
  [
    'a login that is refused',
    [secret({ failure: denied('status 403: …') }), anonymous],
    /^a login was refused: status 403: …, with pull secret shop\/regcred, after 12 ms$/,
    /^give a login that may pull/,
  ],
  [
    'a login that cannot be read, before one that is refused',
    [
      secret({ failure: denied('status 403') }),
      secret({ why: 'its auth is not base64 of USER:PASSWORD' }),
      anonymous,
    ],
    /^a login cannot be used: its auth is not base64 of USER:PASSWORD, in pull secret shop\/regcred/,
    /login-test/,
  ],
  [
    'a token server that is not asked',
    [
      secret({ failure: denied('its token server is not https', { kind: 'refused', stage: 'token' }) }),
      anonymous,
    ],
    /^a login could not be tried: its token server is not https/,
    /^correct the name of the image/,
  ],
  [
    'a token server that answers nonsense to nobody in particular',
    [bare(denied('it is not JSON', { kind: 'invalid', stage: 'token' }))],
    /^it is not JSON, without a credential/,
    /^look at what answers/,
  ],
  ['nothing that was told', [], /^no credential could read it/, /pull secret/],
];

describe('why nobody could read an image', () => {
  test.each(cases)('%s: the cause comes first, and the fix is its own', (_title, faults, why, remedy) => {
    const text = noLoginText(faults, 12);
    expect(text.why).toMatch(why);
    expect(text.remedy).toMatch(remedy);
    expect(text.remedy).not.toMatch(/try again/);
  });

  test('the cause stands whole beside names of any length', () => {
    const source = `docker config /${'a'.repeat(4000)}/config.json`;
    const why = 'its password holds a control character, maybe a line break at its end';
    expect(noLoginText([{ kind: 'configured', source, why }], 12).why).toContain(why);
  });
});
