import { createLruCache } from '../../concurrency/cache/lru-cache.ts';
import { giveWay } from '../../concurrency/threads/thread-priority.ts';
import type { EvaluationTurn } from '../../languages/gatekeeper/evaluation/evaluation-turn.ts';
import type { TemplateCode } from '../../languages/gatekeeper/template-code.ts';

/*
 * Entry of a thread that evaluates constraints, a bundle of its own. It gives way before it loads anything: whoever sends
 * objects that are dear to judge waits, and not everybody else.
 */
const yielding = 10;
giveWay(yielding);
const { answerTurns } = await import('../../adapters/constraint-worker/answer-turns.ts');
const { evaluateTurn } = await import('../../languages/gatekeeper/evaluation/evaluation-turn.ts');

/** As many templates as a cluster may have, and characters of their texts: compiled they take some fifty times as much. */
const compiled = createLruCache<TemplateCode>({ entries: 512, weight: 1024 * 1024 });
answerTurns((turn) => evaluateTurn(turn as EvaluationTurn, compiled));
