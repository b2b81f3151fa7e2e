import { giveWay } from '../../concurrency/yield.ts';

/*
 * Program of a thread that catalogs one image. Reviews come first: on a node of few cores they would wait behind layers, and
 * behind the loading of what reads them.
 */
giveWay(10);
const { answerCatalogs } = await import('./answer-catalogs.ts');
answerCatalogs();
