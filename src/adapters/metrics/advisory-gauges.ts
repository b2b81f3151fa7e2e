import { Gauge, type Registry } from 'prom-client';

/** A feed of advisories, all ecosystems of it together. */
export interface AdvisoryFeedSample {
  readonly advisories: number;
  /** Seconds; of its oldest part. */
  readonly age: number;
  /** Seconds since its newest record was written; absent: no record has a time. */
  readonly newest?: number;
}

/** @returns tells the gauges of the feeds in force; one that is not among them has no value any more */
export const createAdvisoryGauges = (
  registry: Registry,
): ((feeds: ReadonlyMap<string, AdvisoryFeedSample>) => void) => {
  const gaugeOf = (name: string, help: string): Gauge =>
    new Gauge({ name, help, labelNames: ['feed'], registers: [registry] });
  const count = gaugeOf('imagegate_advisories', 'Advisories in force.');
  const age = gaugeOf(
    'imagegate_advisories_age_seconds',
    'How long ago a feed of advisories was last known to be true.',
  );
  const newest = gaugeOf(
    'imagegate_advisories_newest_seconds',
    'How long ago the newest record of a feed of advisories was written.',
  );
  return (feeds) => {
    for (const gauge of [count, age, newest]) gauge.reset();
    for (const [feed, sample] of feeds) {
      count.set({ feed }, sample.advisories);
      age.set({ feed }, sample.age);
      if (sample.newest !== undefined) newest.set({ feed }, sample.newest);
    }
  };
};
