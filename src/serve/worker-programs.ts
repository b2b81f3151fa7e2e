/** The programs of the threads: beside the bundle, or a `.ts` file of the source. */
export interface WorkerPrograms {
  /** `store-worker.js`, from source `sqlite-worker.ts`. */
  readonly store: URL;
  /** `inventory-worker.js`, from source `inventory-worker.ts` of the adapter. */
  readonly inventory: URL;
  /** `verify-worker.js`, from source `verify-worker.ts`. */
  readonly verify: URL;
  /** `advisories-worker.js`, from source `advisories/update-worker.ts`. */
  readonly advisories: URL;
  /** `catalog-worker.js`, from source `catalog-worker.ts` of the adapter. */
  readonly catalog: URL;
}
