import type { Decision } from '../../../core/decision/decision.ts';
import type { StoredDecision } from '../../../gate/decision-store.ts';
import { createStoreWriter, type StoreWriter } from '../queue/store-writer.ts';
import type { WriterForm, WriterOptions } from '../queue/writer-options.ts';

/**
 * While no more wait, their JSON stays where it was written. Attack: write so much while the disk is away that each decision of
 * others, which waits on, keeps a buffer full of what was dropped long ago.
 */
const maxInPlace = 1000;
/** Beside the JSON: keys, object and array slots. */
const overheadBytes = 256;

export const recordForm: WriterForm<StoredDecision> = {
  what: 'the record',
  batch: { maxItems: 1000, maxBytes: 4 * 1024 * 1024 },
  weightOf: ({ json }) => json.length + overheadBytes,
  ownerOf: ({ namespace = '' }) => namespace,
  keyOf: ({ id }) => id,
  // Repeats arrive after their answers were sent, which is not the order in which they were counted.
  replaces: (next, held) => (next.count ?? 1) >= (held.count ?? 1),
};

export const recorderDefaults = {
  maxItems: 20_000,
  maxBytes: 64 * 1024 * 1024,
  flushItems: 250,
  flushMs: 100,
  stallMs: 2000,
  retention: { maxAgeMs: 30 * 24 * 3_600_000, maxBytes: 1024 ** 3, slice: 1000 },
} as const;

export interface Recorder extends Pick<StoreWriter<StoredDecision>, 'state' | 'queued' | 'drain'> {
  /** Takes a decision and its JSON. Never throws and never waits: the answer does not depend on the disk. */
  record(decision: Decision, json: Uint8Array): void;
}

/** The queue between the gate and its record. */
export const createRecorder = (options: WriterOptions<StoredDecision>): Recorder => {
  const writer = createStoreWriter(recordForm, options);
  return {
    record: (decision, json) => {
      const { object } = decision;
      writer.write({
        id: decision.id,
        // A time that cannot be read must not make the row unstorable.
        time: Date.parse(decision.time) || options.clock.now(),
        allowed: decision.allowed,
        namespace: object.namespace,
        kind: object.kind,
        name: object.name,
        json: writer.queued() < maxInPlace ? json : new Uint8Array(json),
        count: decision.count,
      });
    },
    state: () => writer.state(),
    queued: () => writer.queued(),
    drain: (deadlineMs) => writer.drain(deadlineMs),
  };
};
