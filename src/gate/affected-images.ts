import type { AdvisoryEntry, AdvisoryLookup } from '../core/vulnerability/advisory.ts';
import { matchPackage, type Match } from '../core/vulnerability/match.ts';
import { baseEcosystem } from '../core/vulnerability/package.ts';
import type { Holding, Inventory, PackageName, InventoryPosition } from './inventory.ts';

interface AffectedImage extends Pick<Holding, 'image' | 'cataloger'> {
  readonly match: Match;
}

/** So many names are asked for at once: an advisory about a kernel names thousands. */
const namesAtOnce = 200;

async function* holdersOf(inventory: Inventory, names: readonly PackageName[]): AsyncGenerator<Holding> {
  for (let at = 0; at < names.length; at += namesAtOnce) {
    const query = { names: names.slice(at, at + namesAtOnce) };
    let after: InventoryPosition | undefined;
    do {
      const page = await inventory.holding(query, after);
      yield* page.rows;
      after = page.next;
    } while (after !== undefined);
  }
}

/**
 * The images that some advisories speak of, package by package. What is kept are lists; what is wrong with them is derived
 * whenever somebody asks, as a review does.
 *
 * @param entries of one vulnerability
 * @param lookup the advisories in force, which may say more about the owner of a package
 */
export async function* affectedImages(
  inventory: Inventory,
  entries: readonly AdvisoryEntry[],
  lookup: AdvisoryLookup,
): AsyncGenerator<AffectedImage> {
  const ids = new Set(entries.map(({ advisory }) => advisory.id));
  // Which releases an entry speaks of is judged below.
  const names = entries.map(({ affected: { ecosystem, name } }) => ({
    ecosystem: baseEcosystem(ecosystem),
    name,
  }));
  for await (const { image, cataloger, package: found } of holdersOf(inventory, names)) {
    for (const match of matchPackage(found, lookup))
      if (ids.has(match.advisory.id)) yield { image, cataloger, match };
  }
}
