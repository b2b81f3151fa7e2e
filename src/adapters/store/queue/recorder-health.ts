/** What `/readyz` says in its body about the record; it never makes the gate unready (R14). */
export type RecorderState = { readonly state: 'ok' } | RecorderTrouble;

interface RecorderTrouble {
  readonly state: 'failing';
  /** Stable text, e.g. `SQLITE_FULL`, `STALLED`, `QUEUE_FULL`. */
  readonly code: string;
  readonly reason: string;
}

export interface RecorderHealth {
  current(): RecorderState;
  failing(code: string, reason: string): void;
  recovered(): void;
}

/** Keeps the state and reports each change once: a disk that stays full is one report, not one per batch. */
export const createRecorderHealth = (onChange: (state: RecorderState) => void): RecorderHealth => {
  let current: RecorderState = { state: 'ok' };
  const become = (next: RecorderState): void => {
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
