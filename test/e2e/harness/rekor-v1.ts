import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { initializeTLog, rekorHandler } from '@sigstore/mock';

/** Rekor 1 on loopback. The real one wants a database, so the Sigstore project's own mock signs promises and checkpoints. */
export interface RunningRekorV1 {
  readonly url: string;
  readonly publicKeyPem: string;
  close(): Promise<void>;
}

interface ProposedEnvelope {
  readonly kind: 'dsse';
  readonly apiVersion: string;
  readonly spec: {
    readonly proposedContent: { readonly envelope: string; readonly verifiers: readonly string[] };
  };
}
type Proposed = ProposedEnvelope | { readonly kind: string };
interface Envelope {
  readonly payload: string;
  readonly signatures: readonly { readonly sig: string }[];
}

const hashOf = (bytes: string | Buffer) => ({
  algorithm: 'sha256',
  value: createHash('sha256').update(bytes).digest('hex'),
});

/** What the real log keeps of a proposal: of an envelope only hashes. The mock would keep the proposal itself. */
const kept = (proposed: Proposed): object => {
  if (!('spec' in proposed)) return proposed;
  const { envelope, verifiers } = proposed.spec.proposedContent ?? {};
  if (envelope === undefined || verifiers === undefined) return proposed;
  const { payload, signatures } = JSON.parse(envelope) as Envelope;
  return {
    kind: proposed.kind,
    apiVersion: proposed.apiVersion,
    spec: {
      envelopeHash: hashOf(envelope),
      payloadHash: hashOf(Buffer.from(payload, 'base64')),
      signatures: signatures.map(({ sig }, at) => ({ signature: sig, verifier: verifiers[at] })),
    },
  };
};

/** @param host of the log, as the trusted root names it */
export const startRekorV1 = async (host: string): Promise<RunningRekorV1> => {
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const handler = rekorHandler(await initializeTLog(`https://${host}`, keys));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'POST' || request.url !== handler.path) {
      response.writeHead(404).end();
      return;
    }
    const proposed = JSON.parse(await text(request)) as Proposed;
    const made = await handler.fn(JSON.stringify(kept(proposed)));
    // Clients look for their entry under this name.
    const [etag = ''] = Object.keys(JSON.parse(made.response as string) as object);
    response.writeHead(made.statusCode, { 'content-type': 'application/json', etag }).end(made.response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    publicKeyPem: keys.publicKey.export({ type: 'spki', format: 'pem' }) as string,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
};
