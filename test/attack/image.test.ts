import { expect, test } from 'vitest';
import { fakeGate, pod, requestFor } from '../fakes/gate.ts';

const gate = fakeGate({
  policies: {
    fence: { checks: [{ registries: { allow: ['registry.example.com/**', 'docker.io/library/nginx*'] } }] },
  },
});
const hex = 'a'.repeat(64);

test.each([
  ['a trailing dot of the host', 'registry.example.com./x'],
  ['a port that nobody allowed', 'registry.example.com:443/x'],
  ['a port without digits', 'registry.example.com:/x'],
  ['the host as user name', 'registry.example.com@evil.io/x'],
  ['the host as user name and port', 'registry.example.com:443@evil.io/x'],
  ['the host as tag', 'evil.io/x:registry.example.com'],
  ['the host as path', 'evil.io/registry.example.com/x'],
  ['the host as short name', 'registry.example.com'],
  ['the host as short name with a digest', `registry.example.com@sha256:${hex}`],
  ['a longer host', 'registry.example.com.evil.io/x'],
  ['a longer label', 'registry.example.comx/x'],
  ['a backslash for a slash', String.raw`registry.example.com\x`],
  ['a percent escape', 'registry.example.com%2fx'],
  ['a climb out of the path', 'registry.example.com/../evil/x'],
  ['an empty component', 'registry.example.com//x'],
  ['a scheme', 'https://registry.example.com/x'],
  ['a query', 'registry.example.com/x?y'],
  ['a NUL behind the host', 'registry.example.com\u0000/x'],
  ['a Cyrillic letter', 'r\u0435gistry.example.com/x'],
  ['a full-width dot', 'registry\uff0eexample.com/x'],
  ['punycode of a look-alike', 'xn--rgistry-kkb.example.com/x'],
  ['an IPv6 host with a zone', '[fe80::1%25eth0]/x'],
  ['an upper-case digest', `registry.example.com/x@sha256:${'A'.repeat(64)}`],
  ['two digests', `registry.example.com/x@sha256:${hex}@sha256:${hex}`],
  ['an image id', hex],
  ['two components below library', 'docker.io/library/nginx/b'],
  ['a mirror of Docker Hub', 'registry-1.docker.io/library/nginx'],
  ['white space around a good name', ' registry.example.com/x'],
])('an allow list is not fooled by %s', async (_title, image) => {
  const decision = await gate.admit(requestFor(pod({ app: image })));
  expect(decision.allowed).toBe(false);
  expect(decision.findings.some(({ mode }) => mode === 'Deny')).toBe(true);
});
