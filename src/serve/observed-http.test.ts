import { describe, expect, test } from 'vitest';
import type { HttpAnswer, HttpRequest, RegistryHttp } from '../adapters/registry/http/http.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import type { RegistryFailure } from '../evidence/ports.ts';
import { observed } from './registry-access.ts';

const answerWith = (status: number): HttpAnswer => ({
  ok: true,
  value: {
    status,
    headers: {},
    url: new URL('https://registry.example.com/v2/'),
    read: () => Promise.resolve({ ok: true, value: new Uint8Array() }),
    stream: () => Promise.resolve({ ok: true as const, value: 'whole' as const }),
    discard: () => {},
  },
});
const failureOf = (kind: RegistryFailure['kind']): HttpAnswer => ({
  ok: false,
  error: { kind, stage: 'connect', host: 'registry.example.com', why: 'reported by a test' },
});
const request: HttpRequest = {
  host: 'registry.example.com',
  target: '/v2/',
  method: 'GET',
  headers: {},
  stage: 'manifest',
  signal: AbortSignal.timeout(1000),
};
const httpWith = (answer: HttpAnswer): RegistryHttp => ({
  send: () => Promise.resolve(answer),
  close: () => Promise.resolve(),
});

describe('requests to registries are counted', () => {
  test.each<readonly [string, HttpAnswer, string]>([
    ['an answer by its status', answerWith(200), '200'],
    ['a denial by its status', answerWith(401), '401'],
    ['a status that somebody made up by its class', answerWith(418), '4xx'],
    ['a status beyond all classes too', answerWith(799), '7xx'],
    ['a host that is not there by the kind of failure', failureOf('unreachable'), 'unreachable'],
    ['an address that is refused by the kind of failure', failureOf('refused'), 'refused'],
  ])('%s', async (_title, answer, code) => {
    const reported: { host: string; code: string; milliseconds: number }[] = [];
    const http = observed(httpWith(answer), (asked) => void reported.push(asked));
    expect(await http.send(request)).toBe(answer);
    expect(reported).toEqual([
      { host: 'registry.example.com', code, milliseconds: expect.any(Number) as number },
    ]);
  });

  test('and shown by registry and code, with their time', async () => {
    const metrics = createMetrics('0');
    metrics.registryAsked('registry.example.com', '200', 0.003);
    metrics.registryAsked('other', 'unreachable', 2);
    const { text } = await metrics.render();
    expect(text).toContain('imagegate_registry_requests_total{registry="registry.example.com",code="200"} 1');
    expect(text).toContain('imagegate_registry_requests_total{registry="other",code="unreachable"} 1');
    expect(text).toContain('imagegate_registry_request_duration_seconds_count{registry="other"} 1');
  });
});
