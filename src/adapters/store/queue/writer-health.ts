/** What `/readyz` says in its body about a store; it never makes the gate unready (R14). */
export type WriterState = { readonly state: 'ok' } | WriterTrouble;

interface WriterTrouble {
  readonly state: 'failing';
  /** Stable text, e.g. `SQLITE_FULL`, `STALLED`, `QUEUE_FULL`. */
  readonly code: string;
  readonly reason: string;
}

export interface WriterHealth {
  current(): WriterState;
  failing(code: string, reason: string): void;
  recovered(): void;
}

/** Keeps the state and reports each change once: a disk that stays full is one report, not one per batch. */
export const createWriterHealth = (onChange: (state: WriterState) => void): WriterHealth => {
  let current: WriterState = { state: 'ok' };
  const become = (next: WriterState): void => {
    current = next;
    onChange(next);
  };
  return {
    current: () => current,
    failing: (code, reason) => {
      // Another reason for the same trouble is kept, but no news.
      if (current.state === 'ok') become({ state: 'failing', code, reason });
      else if (code !== current.code) current = { state: 'failing', code, reason };
    },
    recovered: () => {
      if (current.state !== 'ok') become({ state: 'ok' });
    },
  };
};
