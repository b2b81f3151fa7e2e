/** The programs of the threads: beside the bundle, or a `.ts` file of the source. */
export interface WorkerPrograms {
  /** `store-worker.mjs`, from source `sqlite-worker.ts`. */
  readonly store: URL;
  /** `inventory-worker.mjs`, from source `inventory-worker.ts` of the adapter. */
  readonly inventory: URL;
  /** `verify-worker.mjs`, from source `verify-worker.ts`. */
  readonly verify: URL;
  /** `advisories-worker.mjs`, from source `advisories/update-worker.ts`. */
  readonly advisories: URL;
  /** `catalog-worker.mjs`, from source `catalog-worker.ts` of the adapter. */
  readonly catalog: URL;
  /** `constraint-worker.mjs`, from source `constraints/constraint-worker.ts`. */
  readonly constraints: URL;
}
