import { describe, expect, test } from 'vitest';
import type { FeedAttempt } from '../../adapters/advisories/update/attempts.ts';
import type { LoadedFeed } from '../../config/registries/registry-files.ts';
import { untilDue } from './feed-updates.ts';

const minute = 60_000;
const now = Date.parse('2026-11-29T12:00:00Z');
const feed: LoadedFeed = {
  name: 'osv',
  format: 'osv',
  url: 'https://osv.example.com',
  ecosystems: ['npm', 'Rocky Linux'],
  every: 60 * minute,
};
const attempt = (ecosystem: string, minutesAgo: number, more: Partial<FeedAttempt> = {}): FeedAttempt => ({
  feed: 'osv',
  ecosystem,
  source: `https://osv.example.com/${encodeURIComponent(ecosystem)}/all.zip`,
  triedAt: new Date(now - minutesAgo * minute).toISOString(),
  outcome: 'unchanged',
  ...more,
});
const inForce = ['npm', 'Rocky Linux'].map((ecosystem) => ({ feed: 'osv', ecosystem }));
const attempts = [attempt('npm', 10), attempt('Rocky Linux', 20)];

describe('a feed is due', () => {
  test('when its oldest file is, also after a restart', () => {
    expect(untilDue(feed, attempts, inForce, now)).toBe(40 * minute);
    expect(untilDue(feed, [attempt('npm', 10), attempt('Rocky Linux', 90)], inForce, now)).toBe(0);
  });

  test.each<[string, readonly FeedAttempt[], typeof inForce]>([
    ['a file was never asked for', [attempt('npm', 10)], inForce],
    [
      'a file was not answered',
      [attempt('npm', 10), attempt('Rocky Linux', 1, { outcome: 'failed' })],
      inForce,
    ],
    ['a file came from elsewhere', [attempt('npm', 10), attempt('Rocky Linux', 1, { source: 'x' })], inForce],
    ['what it brought is not in force', attempts, inForce.slice(0, 1)],
  ])('at once when %s', (_, tried, held) => {
    expect(untilDue(feed, tried, held, now)).toBe(0);
  });

  test('after its usual wait when the clock was ahead', () => {
    expect(untilDue(feed, [attempt('npm', -9999), attempt('Rocky Linux', -9999)], inForce, now)).toBe(
      60 * minute,
    );
  });
});
