import { expect, test } from 'vitest';
import { explanationOf } from './failure.ts';
import type { HttpResponse } from '../http/http.ts';

const answering = (message: string): HttpResponse => ({
  status: 502,
  headers: {},
  url: new URL('https://registry.example.com/v2/'),
  read: () =>
    Promise.resolve({ ok: true, value: Buffer.from(JSON.stringify({ errors: [{ message }] })) } as const),
  stream: () => Promise.resolve({ ok: true, value: 'whole' } as const),
  discard: () => undefined,
});

/** A proxy cache quotes the address of its upstream, with the login that somebody wrote into it. */
test.each([0, 60, 90, 100, 110, 120, 126, 130, 150, 300, 5000])(
  'B37: no part of a password in a message of a registry is shown, %i characters behind its beginning',
  async (length) => {
    const url = 'https://puller:PASSWORD-of-the-upstream-which-is-long@upstream.example.com/v2/';
    const said = await explanationOf(answering(`${'x'.repeat(length)} ${url} ${'y'.repeat(length)}`), []);
    expect(said).not.toMatch(/PASS|upstream-which|is-long/);
    expect(said.length).toBeLessThan(170);
  },
);
