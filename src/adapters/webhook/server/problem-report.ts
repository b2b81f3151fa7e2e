import type { Clock } from '../../../concurrency/clock.ts';
import type { OnProblem, WebhookProblem } from '../handlers.ts';

type Kind = WebhookProblem['kind'];

/**
 * How each kind is logged. Problems that a stranger can cause at will must neither look like defects nor flood the
 * log.
 */
const logging: Readonly<Record<Kind, { level: 'debug' | 'warn' | 'error'; limited: boolean }>> = {
  handshake: { level: 'debug', limited: false },
  connection: { level: 'debug', limited: false },
  'connection-limit': { level: 'warn', limited: true },
  'caller-refused': { level: 'warn', limited: true },
  'event-refused': { level: 'warn', limited: true },
  'event-dropped': { level: 'warn', limited: true },
  handler: { level: 'error', limited: false },
};

/** Milliseconds between two log lines of a limited kind. */
const logInterval = 10_000;

interface ProblemReportDeps {
  readonly log: Readonly<Record<'debug' | 'warn' | 'error', (message: string, fields: object) => void>>;
  /** Counts one problem; `defect` when the gate itself is at fault. */
  readonly count: (kind: Kind, defect: boolean) => void;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Counts each problem of the webhook and writes its line; a limited kind says how many lines were left out before. */
export const createProblemReport = ({ log, count, clock }: ProblemReportDeps): OnProblem => {
  const lines = new Map<Kind, { readonly at: number; suppressed: number }>();
  return ({ kind, message, error }) => {
    count(kind, kind === 'handler');
    const { level, limited } = logging[kind];
    if (!limited) {
      log[level](message, { kind, error });
      return;
    }
    const now = clock.monotonic();
    const last = lines.get(kind);
    if (last !== undefined && now - last.at < logInterval) {
      last.suppressed++;
      return;
    }
    lines.set(kind, { at: now, suppressed: 0 });
    const before = last === undefined || last.suppressed === 0 ? {} : { suppressed: last.suppressed };
    log[level](message, { kind, error, ...before });
  };
};
