import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** One constraint or template, by the words that Gatekeeper counts them with. */
interface ConstraintSample {
  /** What follows from a violation; absent for a template. */
  readonly action?: string;
  /** `error`: its newest revision cannot be used. */
  readonly status: 'active' | 'error';
}

export interface ConstraintMetrics {
  /** Tells of all templates and constraints; a pair of words without any has no value any more. */
  readonly inForce: (
    templates: readonly ConstraintSample[],
    constraints: readonly ConstraintSample[],
  ) => void;
  /** Tells how many seconds a review spent on asking constraints. */
  readonly took: (seconds: number) => void;
  /** Tells of violations that are no results. */
  readonly withoutMessage: (violations: number) => void;
}

export const createConstraintMetrics = (
  registry: Registry,
  buckets: readonly number[],
): ConstraintMetrics => {
  const registers = [registry];
  const ofTemplates = new Gauge({
    name: 'imagegate_constraint_templates',
    help: 'Templates of constraints, by whether their newest revision is in force.',
    labelNames: ['status'],
    registers,
  });
  const ofConstraints = new Gauge({
    name: 'imagegate_constraints',
    help: 'Constraints by action, and by whether their newest revision is in force.',
    labelNames: ['action', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'imagegate_constraint_duration_seconds',
    help: 'Time that a review spent on asking constraints, when there were any.',
    buckets: [...buckets],
    registers,
  });
  const silent = new Counter({
    name: 'imagegate_constraint_violations_without_msg_total',
    help: 'Violations without msg, which are no results: they refuse nothing.',
    registers,
  });
  return {
    inForce: (templates, constraints) => {
      ofTemplates.reset();
      ofConstraints.reset();
      for (const status of ['active', 'error'] as const)
        ofTemplates.set({ status }, templates.filter((one) => one.status === status).length);
      for (const { action = '', status } of constraints) ofConstraints.inc({ action, status });
    },
    took: (seconds) => duration.observe(seconds),
    withoutMessage: (violations) => silent.inc(violations),
  };
};
