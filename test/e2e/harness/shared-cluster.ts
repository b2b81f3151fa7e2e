import { inject } from 'vitest';
import { connect, type Cluster } from './cluster.ts';

/** The cluster that the set-up started for all files. */
export const sharedCluster = (): Cluster => {
  return connect(inject('cluster'));
};
