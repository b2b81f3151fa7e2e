import type { Decision } from '../../core/decision/decision.ts';

/** A line of the text format: time, level, message, then `name=value`. Values are JSON, so they cannot break the line. */
export const textLine = (level: string, message: string, fields: object): string => {
  const shown = Object.entries(fields)
    .map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
    .join('');
  return `${new Date().toISOString()} ${level.toUpperCase().padEnd(5)} ${message}${shown}\n`;
};

const decisionText = (decision: Decision): string => {
  const { object, findings } = decision;
  return textLine('info', 'decision', {
    id: decision.id,
    verdict: decision.allowed ? 'allowed' : 'denied',
    operation: decision.operation,
    kind: object.kind,
    namespace: object.namespace,
    name: object.name,
    codes: [...new Set(findings.map((finding) => finding.code))],
    ms: decision.durations['total'],
    ...(decision.count === undefined ? {} : { count: decision.count }),
  });
};

/**
 * The log line of one decision. It carries the whole record, so that the log of a replica is a durable record of
 * its own (R18); the JSON is the one already made for the store, since making it twice would cost more than all checks.
 */
export const decisionLine = (decision: Decision, json: string, format: 'json' | 'text'): string =>
  format === 'text'
    ? decisionText(decision)
    : `{"level":"info","time":"${decision.time}","msg":"decision","decision":${json}}\n`;
