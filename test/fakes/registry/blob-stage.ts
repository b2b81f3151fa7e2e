import { randomBytes } from 'node:crypto';
import { afterEach } from 'vitest';
import type { Credential, ReadBudget, TakeChunk } from '../../../src/evidence/ports.ts';
import { digestOf } from './registry-content.ts';
import { anonymous, budgetOf, openReading, type Reading, type RegistryRow } from './registry-reading.ts';
import { type FakeRegistry, type FakeRegistryOptions, startFakeRegistry } from './registry.ts';

export const repository = 'team/app';
export const bytes = randomBytes(1_000_000);
export const size = bytes.length;
export const digest = digestOf(bytes);

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A registry that has the blob, until the test ends. */
export const serving = async (options: FakeRegistryOptions = {}): Promise<FakeRegistry> => {
  const server = await startFakeRegistry(options);
  closing.push(() => server.close());
  server.pushBlob(repository, bytes);
  return server;
};
export const reading = (...rows: RegistryRow[]): Reading => {
  const opened = openReading(rows);
  closing.push(() => opened.close());
  return opened;
};

interface Asked {
  readonly host: string;
  readonly reader?: Reading;
  readonly descriptor?: { readonly digest: typeof digest; readonly size: number };
  readonly credential?: Credential;
  readonly budget?: ReadBudget;
  readonly take?: TakeChunk;
}

/** Streams the blob. @returns what came of it, all that was handed on, and what of it counts: the blob may have begun anew */
export const stream = async ({
  host,
  reader = reading(),
  descriptor = { digest, size },
  take,
  credential = anonymous,
  budget = budgetOf(0),
}: Asked) => {
  const chunks: Buffer[] = [];
  let begin = 0;
  const taking: TakeChunk = async (chunk, at) => {
    if (at === 0) begin = chunks.length;
    chunks.push(Buffer.from(chunk));
    return take === undefined || take(chunk, at);
  };
  const found = await reader.registry.streamBlob(
    { host, repository },
    descriptor,
    taking,
    credential,
    budget,
  );
  return { found, handedOn: Buffer.concat(chunks), counting: Buffer.concat(chunks.slice(begin)) };
};

export const blobRequests = ({ requests }: FakeRegistry) => requests.filter(({ kind }) => kind === 'blobs');
