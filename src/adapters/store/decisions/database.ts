import { join } from 'node:path';

import type { DatabaseForm } from '../sqlite/identity.ts';
import { decisions } from './migrations/0001-decisions.ts';
import { shares } from './migrations/0002-shares.ts';

/** `IGAT`. */
export const decisionsDatabase: DatabaseForm = {
  file: 'imagegate.db',
  applicationId: 0x49474154,
  migrations: { '0001-decisions': decisions, '0002-shares': shares },
};

/** The record inside `--data`. */
export const decisionsFile = (dataDir: string): string => join(dataDir, decisionsDatabase.file);
