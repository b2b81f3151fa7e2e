import { describe, expect, test } from 'vitest';
import { createEvidenceRoom } from '../../../test/fakes/evidence/evidence-room.ts';
import { anonymous, atHand, pullSecret } from '../../../test/fakes/evidence/evidence-sources.ts';
import { image } from '../../../test/fakes/registry/registry-content.ts';

const web = image({ user: '1000' });
const place = 'registry.example.com/team/web';

describe('that an image is not there', () => {
  const times = { at: { before: 1900, after: 2100 }, long: { before: 9900, after: 10_100 } } as const;
  test.each([
    ['2 s for whoever shows nothing, where the host has a row', [atHand(anonymous)], true, times.at],
    [
      '10 s for whoever shows nothing at a host that nobody configured',
      [atHand(anonymous)],
      false,
      times.long,
    ],
    ['10 s for a login, where the host has a row', [atHand(pullSecret('shop/regcred'))], true, times.long],
  ] as const)('is believed for %s', async (_title, candidates, row, { before, after }) => {
    const room = createEvidenceRoom({ shop: [...candidates] }, {}, () => row);
    const ask = () => room.ask(`${place}:v1`, { namespace: 'shop' });
    expect((await ask()).pinned.state).toBe('absent');
    room.registry.push(place, web, 'v1');
    room.clock.pass(before);
    expect((await ask()).pinned.state).toBe('absent');
    room.clock.pass(after - before);
    expect((await ask()).pinned.state).toBe('known');
  });
});
