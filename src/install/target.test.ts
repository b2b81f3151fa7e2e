import { describe, expect, test } from 'vitest';
import { parseGateImage, parseGateNamespace, parseWebhookUrl } from './target.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('parseWebhookUrl', () => {
  test.each([
    ['takes host and port', 'https://127.0.0.1:8443', 'https://127.0.0.1:8443'],
    ['takes an IPv6 host', 'https://[::1]:8443', 'https://[::1]:8443'],
    [
      'drops a trailing slash, so that /validate can follow',
      'https://gate.example.com/',
      'https://gate.example.com',
    ],
    ['keeps a path', 'https://example.com/gate/', 'https://example.com/gate'],
  ])('%s', (_title, text, url) => expect(parseWebhookUrl(text)).toEqual({ ok: true, value: url }));

  test.each([
    ['refuses http: the API server would not call it', 'http://gate:8443', /https only/],
    ['refuses a user', 'https://me:secret@gate', /must not carry a user/],
    ['refuses a query', 'https://gate/?a=b', /query/],
    ['refuses a bare fragment mark', 'https://gate/#', /fragment/],
    ['refuses what is no URL and shows how one looks', 'gate:8443:1', /https:\/\/gate\.example\.com:8443/],
  ])('%s', (_title, text, message) => {
    const url = parseWebhookUrl(text);
    expect(url).toEqual({ ok: false, error: expect.stringMatching(message) });
  });
});

describe('parseGateImage (R16)', () => {
  test.each([
    ['takes a reference with its digest', `registry.example.com/gate@${digest}`],
    [
      'takes tag and digest as they were written: Pods must carry this text',
      `example.com:5000/gate:1@${digest}`,
    ],
  ])('%s', (_title, text) => expect(parseGateImage(text)).toEqual({ ok: true, value: text }));

  test.each([
    ['refuses a tag without a digest, because a tag can move', 'registry.example.com/gate:1.0', /no digest/],
    ['refuses a bare name', 'gate', /no digest/],
    ['refuses a digest that is too short', 'gate@sha256:abc', /64/],
    ['refuses another algorithm', `gate@sha512:${'a'.repeat(128)}`, /not sha256/],
    ['refuses a quote, which would end the text in the fence', `gate' || true || '@${digest}`, /--image/],
  ])('%s', (_title, text, message) => {
    expect(parseGateImage(text)).toEqual({ ok: false, error: expect.stringMatching(message) });
  });
});

describe('parseGateNamespace', () => {
  test('takes a name', () => expect(parseGateNamespace('gate-1')).toEqual({ ok: true, value: 'gate-1' }));

  test.each(['Gate', '-a', 'a.b', '', 'a'.repeat(64), "a' || true", 'kube-system', 'default'])(
    'refuses %j',
    (text) => expect(parseGateNamespace(text).ok).toBe(false),
  );
});
