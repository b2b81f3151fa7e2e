import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAuthority, type Authority } from '../../test/e2e/harness/certificates.ts';
import { decisionOf, fixture, http2, type Reply } from '../../test/fakes/webhook-server.ts';
import { createHolder, type CertificateSource } from '../adapters/certificate/source.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import type { WebhookHandlers } from '../adapters/webhook/handlers.ts';
import { resolveConfig } from '../config/resolve.ts';
import type { Config } from '../config/resolved.ts';
import { createLifecycle } from './lifecycle.ts';
import { listenOn } from './listeners.ts';
import type { Telemetry } from './telemetry.ts';
import { unchangedObject } from '../gate/mutation/mutation.ts';

let first: Authority;
let second: Authority;
let folder: string;
let file: string;
let logged: { level: string; message: string; fields: object }[];
const write =
  (level: string) =>
  (message: string, fields: object = {}) =>
    void logged.push({ level, message, fields });
const log = {
  debug: () => {},
  info: write('info'),
  warn: write('warn'),
  error: write('error'),
  decision: () => {},
  flush: () => Promise.resolve(),
};

beforeAll(async () => {
  first = await createAuthority('first');
  second = await createAuthority('second');
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imagegate-listeners-'));
  file = join(folder, 'client-ca.crt');
  writeFileSync(file, first.certificate);
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('listenOn with --client-ca (B38)', () => {
  const lifecycle = createLifecycle();
  afterEach(() => lifecycle.closeAll());

  const configOf = (): Config => {
    const flags = { policies: ['.'], listen: '127.0.0.1:0', admin: '127.0.0.1:0', clientCa: file };
    const resolved = resolveConfig({ flags, environment: {} });
    if (!resolved.ok) throw new Error(resolved.error.map(({ message }) => message).join());
    return resolved.value.config;
  };
  const handlers = {
    validate: () => decisionOf(),
    constraints: () => decisionOf(),
    mutate: () => unchangedObject,
    imageReview: () => decisionOf(),
    rejected: () => decisionOf(),
    answered: () => {},
  };
  let metrics = createMetrics('test');
  beforeEach(() => (metrics = createMetrics('test')));
  const listen = async (more: Partial<WebhookHandlers> = {}) => {
    const issued = await first.issueServer('gate', ['127.0.0.1']);
    const serving = { cert: issued.certificate, key: issued.key, expiresAt: 0 };
    const { current, onChange } = createHolder(serving);
    const certificate: CertificateSource = {
      current,
      onChange,
      check: () => Promise.resolve(),
      close: () => {},
    };
    const telemetry: Telemetry = { log, metrics };
    const parts = { handlers: { ...handlers, ...more }, certificate, states: () => [] };
    return listenOn(configOf(), parts, telemetry, lifecycle);
  };
  const sendTo = async (line: string, authority: Authority): Promise<Reply> => {
    const issued = await authority.issueClient('kube-apiserver');
    const gate = { server: { url: /https:\S+/.exec(line)?.[0] ?? '' } } as Parameters<typeof http2>[0];
    const tls = { ca: first.certificate, cert: issued.certificate, key: issued.key };
    return http2(gate, tls)({ path: '/validate', body: fixture('kubectl-run.json') });
  };

  test('strangers are counted and do not flood the log; what the webhook holds is shown', async () => {
    const listening = await listen();
    if (!listening.ok) throw new Error(listening.error.join());
    for (let at = 0; at < 3; at++) expect((await sendTo(listening.value.line, second)).status).toBe(403);
    expect(logged.filter(({ fields }) => 'kind' in fields)).toMatchObject([
      { level: 'warn', fields: { kind: 'caller-refused' } },
    ]);
    const { text } = await metrics.render();
    expect(text).toContain('imagegate_webhook_problems_total{kind="caller-refused"} 3\n');
    expect(text).toContain('imagegate_internal_errors_total 0\n');
    expect(text).toMatch(/^imagegate_webhook_body_bytes_in_flight 0$/m);
    expect(text).toMatch(/^imagegate_webhook_connections \d+$/m);
    expect(text).not.toMatch(/^imagegate_(webhook_intact|leader|watch_stale_seconds) /m);
  });

  test('what a handler throws is counted as a defect of the gate', async () => {
    const listening = await listen({ validate: () => Promise.reject(new Error('boom')) });
    if (!listening.ok) throw new Error(listening.error.join());
    expect((await sendTo(listening.value.line, first)).status).toBe(200);
    const { text } = await metrics.render();
    expect(text).toContain('imagegate_webhook_problems_total{kind="handler"} 1\n');
    expect(text).toContain('imagegate_internal_errors_total 1\n');
  });

  test('answers the callers of the new CA without a restart, and those of the old one no more', async () => {
    const listening = await listen();
    if (!listening.ok) throw new Error(listening.error.join());
    const url = /https:\S+/.exec(listening.value.line)?.[0] ?? '';
    const statusOf = async (authority: Authority): Promise<number> => {
      const issued = await authority.issueClient('kube-apiserver');
      const gate = { server: { url } } as Parameters<typeof http2>[0];
      const tls = { ca: first.certificate, cert: issued.certificate, key: issued.key };
      return (await http2(gate, tls)({ path: '/validate', body: '{}' })).status;
    };
    expect([await statusOf(first), await statusOf(second)]).toEqual([400, 403]);
    writeFileSync(file, second.certificate);
    await expect.poll(() => statusOf(second), { timeout: 10_000, interval: 250 }).toBe(400);
    expect(await statusOf(first)).toBe(403);
  });

  test.each([
    ['an empty file', ''],
    ['rubbish', 'rubbish'],
  ])('does not start with %s: it would let strangers in or nobody', async (_title, text) => {
    writeFileSync(file, text);
    expect(await listen()).toEqual({
      ok: false,
      error: [`--client-ca ${file} holds no certificate in PEM form`],
    });
  });
});
