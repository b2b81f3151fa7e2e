import { describe, expect, test } from 'vitest';
import { createEvidenceHarness } from '../../../test/fakes/evidence/evidence-harness.ts';
import { anonymous, offer, pullSecret } from '../../../test/fakes/evidence/evidence-sources.ts';
import { image } from '../../../test/fakes/registry/registry-content.ts';

const web = image({ user: '1000' });
const place = 'registry.example.com/team/web';

describe('that an image is not there', () => {
  const times = { at: { before: 1900, after: 2100 }, long: { before: 9900, after: 10_100 } } as const;
  test.each([
    ['2 s for whoever shows nothing, where the host has a row', [offer(anonymous)], true, times.at],
    [
      '10 s for whoever shows nothing at a host that nobody configured',
      [offer(anonymous)],
      false,
      times.long,
    ],
    ['10 s for a login, where the host has a row', [offer(pullSecret('shop/regcred'))], true, times.long],
  ] as const)('is believed for %s', async (_title, credentials, row, { before, after }) => {
    const harness = createEvidenceHarness({ shop: [...credentials] }, {}, () => row);
    const ask = () => harness.ask(`${place}:v1`, { namespace: 'shop' });
    expect((await ask()).pinned.state).toBe('absent');
    harness.registry.push(place, web, 'v1');
    harness.clock.pass(before);
    expect((await ask()).pinned.state).toBe('absent');
    harness.clock.pass(after - before);
    expect((await ask()).pinned.state).toBe('known');
  });
});
