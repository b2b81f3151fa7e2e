import { describe, expect, test } from 'vitest';
import { checkRealm, remarkOnRealm } from './token-realm.ts';
import { defaultSettings, type RegistrySettings } from '../settings.ts';

const client = { cert: 'a certificate', key: 'its key' };
const judged = (host: string, realm: string, row: Partial<RegistrySettings> = {}): string => {
  const verdict = checkRealm(realm, { ...defaultSettings(host), ...row });
  if (!verdict.ok) return `not asked: ${verdict.error}`;
  return verdict.value.isTrusted ? 'with the credential' : 'anonymously';
};

describe('a token server sees the credential of a registry only when it belongs to it (B28, CVE-2025-27403, CVE-2024-35192)', () => {
  const cases: readonly (readonly [string, string, string, Partial<RegistrySettings>, string | RegExp])[] = [
    ['its own host', 'ghcr.io', 'https://ghcr.io/token', {}, 'with the credential'],
    [
      'its own host and port',
      'r.example.com:5000',
      'https://r.example.com:5000/auth',
      {},
      'with the credential',
    ],
    [
      'its own host, the usual port written out',
      'r.example.com:443',
      'https://r.example.com/auth',
      {},
      'with the credential',
    ],
    ['its own host in upper case', 'r.example.com', 'https://R.EXAMPLE.com/auth', {}, 'with the credential'],
    ['the one of Docker Hub', 'docker.io', 'https://auth.docker.io/token', {}, 'with the credential'],
    ['the one of GitLab', 'registry.gitlab.com', 'https://gitlab.com/jwt/auth', {}, 'with the credential'],
    [
      'one that its row lists',
      'r.example.com',
      'https://login.example.net/token',
      { tokenRealms: ['login.example.net'] },
      'with the credential',
    ],
    [
      'one that its row lists in another case, with a port',
      'r.example.com',
      'https://login.example.net:8443/',
      { tokenRealms: ['Login.Example.net:8443'] },
      'with the credential',
    ],
    ['another host', 'r.example.com', 'https://evil.example.net/token', {}, 'anonymously'],
    ['another port of its own host', 'r.example.com', 'https://r.example.com:8443/token', {}, 'anonymously'],
    ['a host below its own', 'r.example.com', 'https://auth.r.example.com/token', {}, 'anonymously'],
    ['a host that ends like its own', 'r.example.com', 'https://evil-r.example.com/token', {}, 'anonymously'],
    [
      'the one of Docker Hub, named by another registry',
      'evil.example.net',
      'https://auth.docker.io/token',
      {},
      'anonymously',
    ],
    [
      'one that another port is listed for',
      'r.example.com',
      'https://login.example.net:8443/',
      { tokenRealms: ['login.example.net'] },
      'anonymously',
    ],
    [
      'a host hidden behind a user',
      'r.example.com',
      'https://r.example.com@evil.example.net/',
      {},
      /not asked: .*holds a user/,
    ],
    ['plain HTTP', 'r.example.com', 'http://r.example.com/token', {}, /not asked: .*plain HTTP/],
    [
      'plain HTTP on the host of a registry with plainHttp',
      'r.local:5000',
      'http://r.local:5000/token',
      { plainHttp: true },
      'with the credential',
    ],
    [
      'plain HTTP on another port of that host',
      'r.local:5000',
      'http://r.local:5001/token',
      { plainHttp: true },
      'anonymously',
    ],
    [
      'plain HTTP elsewhere, though the registry has plainHttp',
      'r.local:5000',
      'http://evil.local:5000/token',
      { plainHttp: true },
      /not asked: .*plain HTTP/,
    ],
    [
      'plain HTTP elsewhere, though it is listed',
      'r.example.com',
      'http://login.example.net/',
      { tokenRealms: ['login.example.net'] },
      /not asked: .*plain HTTP/,
    ],
    [
      'https of a registry with plainHttp',
      'r.local:5000',
      'https://r.local:5000/token',
      { plainHttp: true },
      'with the credential',
    ],
    ['a file', 'r.example.com', 'file:///etc/passwd', {}, /not asked: .*not an https/],
    ['a path', 'r.example.com', '/token', {}, /not asked: .*no readable address/],
    [
      'an address that is too long',
      'r.example.com',
      `https://r.example.com/${'a'.repeat(2048)}`,
      {},
      /not asked: .*no readable address/,
    ],
  ];
  test.each(cases)('%s', (_title, host, realm, row, expected) => {
    if (typeof expected === 'string') expect(judged(host, realm, row)).toBe(expected);
    else expect(judged(host, realm, row)).toMatch(expected);
  });

  test.each<[string, Partial<RegistrySettings>, boolean]>([
    ['of a registry that may not lie inside', {}, false],
    ['that the operator listed', { tokenRealms: ['tokens.example.net'] }, true],
    ['of a registry that may lie inside', { allowPrivateAddress: true }, true],
  ])('B26: a token server inside %s', (_title, row, asked) => {
    const settings = { ...defaultSettings('r.example.com'), ...row };
    const inside = (host: string) => ({ ...defaultSettings(host), allowPrivateAddress: true });
    const realm = checkRealm('https://tokens.example.net/token', settings, inside);
    expect(realm.ok).toBe(asked);
    if (!realm.ok) expect(realm.error).toContain('list it under tokenRealms');
  });

  test.each<[string, Partial<RegistrySettings>, boolean]>([
    ['of a registry that is shown none', {}, false],
    ['that the operator listed', { tokenRealms: ['tokens.example.net'] }, true],
    ['of a registry that is shown one itself', { client }, true],
  ])('B28: a token server that is shown a client certificate, %s', (_title, row, asked) => {
    const settings = { ...defaultSettings('r.example.com'), ...row };
    const shownOne = (host: string) => ({ ...defaultSettings(host), client });
    const realm = checkRealm('https://tokens.example.net/token', settings, shownOne);
    expect(realm.ok).toBe(asked);
    if (!realm.ok) expect(realm.error).toContain('list it under tokenRealms');
  });

  test('B28: a token server on the registry itself is shown the client certificate of both', () => {
    const shownOne = (host: string) => ({ ...defaultSettings(host), client });
    expect(checkRealm('https://r.example.com/token', shownOne('r.example.com'), shownOne).ok).toBe(true);
  });

  test('who is refused reads which host to list, and where', () => {
    const realm = checkRealm('https://login.example.net/token', defaultSettings('r.example.com'));
    if (!realm.ok) throw new Error(realm.error);
    expect(remarkOnRealm(realm.value, 'r.example.com')).toEqual({
      why: 'the login was not shown: the token server login.example.net is not known to belong to r.example.com',
      remedy:
        'if it is the right one, list login.example.net under tokenRealms of r.example.com in the configuration',
    });
  });
});
