import type { WorkerPrograms } from '../../src/serve/worker-programs.ts';

const nowhere = new URL('file:///nowhere');
/** For commands that start no thread. */
export const noPrograms: WorkerPrograms = {
  store: nowhere,
  inventory: nowhere,
  verify: nowhere,
  advisories: nowhere,
  catalog: nowhere,
  constraints: nowhere,
};
