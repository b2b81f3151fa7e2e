import { workerData } from 'node:worker_threads';
import { giveWay } from '../../concurrency/threads/thread-priority.ts';
import type { CatalogThreadData } from './catalog-thread.ts';

/*
 * Program of a thread that catalogs one image. Reviews come first: on a node of few cores they would wait behind layers, and
 * behind the loading of what reads them. That holds for the threads that unpack and collect garbage for this one as well: they
 * are eight, and each of them held the only core for 4 ms while a review waited.
 */
if ((workerData as CatalogThreadData | undefined)?.givesWay === true) giveWay(19, { withShared: true });
const { answerCatalogs } = await import('./answer-catalogs.ts');
answerCatalogs();
