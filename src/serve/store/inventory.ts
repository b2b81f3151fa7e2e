import { existsSync } from 'node:fs';
import { inventoryFile } from '../../adapters/store/inventory/database.ts';
import {
  createKeptLists,
  inventoryDefaults,
  type KeptListsOptions,
} from '../../adapters/store/inventory/kept-lists.ts';
import { createWorkerInventory } from '../../adapters/store/inventory/worker-inventory.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { ConfigOf } from '../../config/resolved.ts';
import type { PackageLists } from '../../evidence/ports.ts';
import type { PartState } from '../../gate/readiness.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { closeStore, judgeStore, storePart, storeTelemetry, type DataStore } from './open-store.ts';
import type { Telemetry } from '../telemetry.ts';

export type InventoryConfig = ConfigOf<'inventoryMaxAge' | 'inventoryMaxBytes'>;

interface OpenedLists {
  readonly lists: PackageLists;
  readonly inventory: DataStore;
}

/** The package lists under `--data`, for `serve` and for the commands. Nothing is opened before one is asked for. */
const openLists = (
  dataDir: string,
  worker: URL,
  { inventoryMaxAge, inventoryMaxBytes }: Partial<InventoryConfig>,
  { observer, findMs = inventoryDefaults.findMs }: Pick<KeptListsOptions, 'observer'> & { findMs?: number },
): OpenedLists => {
  const store = createWorkerInventory({ worker, dataDir });
  const lists = createKeptLists({
    ...inventoryDefaults,
    store,
    clock: systemClock,
    retention: {
      ...inventoryDefaults.retention,
      ...(inventoryMaxAge && { maxAgeMs: inventoryMaxAge.value }),
      ...(inventoryMaxBytes && { maxBytes: inventoryMaxBytes.value }),
    },
    observer,
    findMs,
  });
  return { lists, inventory: { part: 'inventory', file: inventoryFile(dataDir), store, writer: lists } };
};

/** A command waits for the thread to start, and nobody waits for its answer as a cluster does. */
const findMsOfCommand = 10_000;

/** For a command, which tells nobody of a disk in trouble: it looks into the image itself. */
export const openListsOfCommand = (
  dataDir: string,
  worker: URL,
  config: Partial<InventoryConfig>,
): { readonly lists: PackageLists; close(): Promise<void> } => {
  const nothing = (): void => undefined;
  const counts = { stored: nothing, dropped: nothing, failed: nothing, pruned: nothing };
  const { lists, inventory } = openLists(dataDir, worker, config, {
    observer: { ...counts, stateChanged: nothing },
    findMs: findMsOfCommand,
  });
  return { lists, close: async () => void (await closeStore(inventory)) };
};

interface OpenedInventory {
  readonly lists: PackageLists;
  /** Nothing as long as there is no inventory: most gates judge no packages. */
  readonly parts: () => readonly PartState[];
  /** Settles soon, with the reason when a person has to decide what the file is. */
  readonly foreign: Promise<string | undefined>;
}

export const openInventory = (
  config: ConfigOf<'data'> & InventoryConfig,
  worker: URL,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): OpenedInventory => {
  const { observer, follow } = storeTelemetry(
    { part: 'inventory', cannot: 'package lists cannot be kept', were: 'package lists were not kept' },
    telemetry,
  );
  const { lists, inventory } = openLists(config.data.value, worker, config, { observer });
  const isThere = (): boolean => existsSync(inventory.file);
  follow(inventory, lifecycle);
  return {
    lists,
    parts: () => (inventory.writer.state().state === 'ok' && !isThere() ? [] : [storePart(inventory)]),
    foreign: isThere() ? judgeStore(inventory, telemetry.log) : Promise.resolve(undefined),
  };
};
