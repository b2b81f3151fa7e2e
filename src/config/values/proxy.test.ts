import { describe, expect, test } from 'vitest';
import { describeConfigProblem } from '../sources/origin.ts';
import { printConfig } from '../print.ts';
import { maskProxy, parseNoProxy, parseProxy } from './proxy.ts';
import { resolveConfig, type ConfigSources, type ResolvedConfig } from '../resolve.ts';

describe('a proxy', () => {
  test.each([
    ['http://proxy.example.com:3128', 'http://proxy.example.com:3128/'],
    ['proxy.example.com:3128', 'http://proxy.example.com:3128/'],
    ['HTTPS://Proxy.example.com', 'https://proxy.example.com/'],
    ['http://me:pass%40word@proxy:3128/', 'http://me:pass%40word@proxy:3128/'],
    ['[::1]:3128', 'http://[::1]:3128/'],
  ])('%s is %s', (text, url) => expect(parseProxy(text)).toEqual({ ok: true, value: url }));

  test.each([
    ['another kind', 'socks5://me:hunter2@proxy:1080', /only http and https/],
    ['a path', 'http://me:hunter2@proxy/x', /a path or a query/],
    ['a query', 'http://me:hunter2@proxy/?x', /a path or a query/],
    ['no host', 'http://', /no URL/],
    ['a port that is none', 'http://me:hunter2@proxy:99999', /no URL/],
    ['what --print-config shows', 'http://***@proxy:3128/', /masks user and password; write the real ones/],
  ])('with %s is refused without repeating it', (_title, text, why) => {
    const result = parseProxy(text);
    expect(result.ok ? '' : result.error).toMatch(why);
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });

  test.each([
    ['http://me:hunter2@proxy:3128/', 'http://***@proxy:3128/'],
    ['http://token@proxy:3128/', 'http://***@proxy:3128/'],
    ['http://:hunter2@proxy:3128/', 'http://***@proxy:3128/'],
    ['http://proxy:3128/', 'http://proxy:3128/'],
  ])('%s is shown as %s', (url, shown) => expect(maskProxy(url)).toBe(shown));
});

describe('hosts without a proxy', () => {
  test('are separated by commas or blanks, in lower case, each once', () => {
    expect(parseNoProxy(['.Example.com, 10.0.0.0/8', 'localhost [::1]:5000 * localhost <local>'])).toEqual({
      ok: true,
      value: ['.example.com', '10.0.0.0/8', 'localhost', '[::1]:5000', '*', '<local>'],
    });
  });
  test.each(['a.io\u0000', 'm\u00fcnchen.example', 'x'.repeat(256)])('%j is refused', (text) => {
    expect(parseNoProxy([text]).ok).toBe(false);
  });
});

describe('proxies in the configuration', () => {
  const resolve = (environment: ConfigSources['environment'], text = '', flags = {}): ResolvedConfig => {
    const file = { path: 'gate.yaml', text };
    const result = resolveConfig({ flags: { cluster: true, ...flags }, environment, file });
    if (!result.ok) throw new Error(result.error.map(describeConfigProblem).join('\n'));
    return result.value;
  };
  const upper = { HTTPS_PROXY: 'http://upper:1' };
  const both = { ...upper, https_proxy: 'http://lower:1' };

  test.each([
    ['the conventional variable', upper, '', 'http://upper:1/', 'HTTPS_PROXY'],
    ['the one in lower case before it, as curl does', both, '', 'http://lower:1/', 'https_proxy'],
    ['the other one when one is empty', { ...upper, https_proxy: '' }, '', 'http://upper:1/', 'HTTPS_PROXY'],
    ['a variable before the file', upper, 'httpsProxy: http://file:1', 'http://upper:1/', 'HTTPS_PROXY'],
  ])('come from %s', (_title, environment, text, value, variable) => {
    expect(resolve(environment, text).config.httpsProxy).toEqual({
      value,
      origin: { kind: 'environment', variable },
    });
  });

  test('come from the file when no variable is set', () => {
    const { config } = resolve({}, 'httpProxy: http://file:1\nnoProxy: [a.io, .b.io]');
    expect(config.httpProxy.value).toBe('http://file:1/');
    expect(config.noProxy.value).toEqual(['a.io', '.b.io']);
  });

  test('NO_PROXY is read like the others', () => {
    const { config } = resolve({ NO_PROXY: 'a.io b.io,c.io' });
    expect(config.noProxy).toEqual({
      value: ['a.io', 'b.io', 'c.io'],
      origin: { kind: 'environment', variable: 'NO_PROXY' },
    });
  });

  test('never come from a flag: command lines can be read by everybody on the machine', () => {
    expect(resolve({}, '', { httpsProxy: 'http://flag:1' }).config.httpsProxy.value).toBeUndefined();
  });

  test('a variable of ours is reported, not silently ignored', () => {
    expect(resolve({ IMAGEGATE_HTTPS_PROXY: 'http://me:hunter2@x' }).remarks).toEqual([
      'environment IMAGEGATE_HTTPS_PROXY is ignored: use https_proxy or HTTPS_PROXY',
    ]);
  });

  test('are printed without user and password', () => {
    const printed = printConfig(resolve({ HTTPS_PROXY: 'http://me:hunter2@proxy:3128' }).config);
    expect(printed).toContain('httpsProxy: http://***@proxy:3128/  # environment HTTPS_PROXY');
    expect(printed).not.toContain('hunter2');
  });

  test('a broken one is reported without its password', () => {
    const result = resolveConfig({
      flags: { cluster: true },
      environment: { HTTPS_PROXY: 'socks5://me:hunter2@proxy' },
    });
    const reported = result.ok ? '' : result.error.map(describeConfigProblem).join();
    expect(reported).toMatch(/^environment HTTPS_PROXY: names a kind of proxy that is not supported/);
    expect(reported).not.toContain('hunter2');
  });
});
