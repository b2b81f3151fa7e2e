import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
/** Collects what nothing leads to any more; `minor`: among the young objects alone. */
export const collectGarbage = runInNewContext('gc') as (what?: { readonly type: 'minor' }) => void;
