import { unavailableBy } from '../../../core/facts/fact.ts';
import { shownBriefly } from '../../../core/text/shown-text.ts';
import type { Credential, RegistryAnswer } from '../../../evidence/ports.ts';
import type { ReadTarget } from './read-target.ts';

/** A mirror is another host: the credential of the origin is bound to the origin and never shown to it (B28). */
const anonymous: Credential = {
  kind: 'anonymous',
  source: 'anonymous',
  key: 'anonymous',
  secret: { kind: 'none' },
};

const outcome = (answer: RegistryAnswer<unknown>): string =>
  answer.state === 'unavailable'
    ? answer.why.kind
    : answer.state === 'known'
      ? 'nothing listed'
      : 'not there';

const withMirrors = <T>(answer: RegistryAnswer<T>, tried: readonly string[]): RegistryAnswer<T> => {
  if (answer.state !== 'unavailable' || tried.length === 0) return answer;
  const why = `${answer.why.why} (mirrors asked before: ${tried.join(', ')})`;
  return unavailableBy({ ...answer.why, why });
};

/**
 * Asks the mirrors of a host in their order, anonymously, and then the host itself. The first mirror with an answer is
 * believed about a tag, because the operator chose the mirror; content by digest is always verified. A mirror without an answer,
 * or with one that `accepts` refuses, is passed over. Mirrors of a mirror are not asked.
 */
export const throughMirrors = async <T>(
  target: ReadTarget,
  mirrors: readonly string[],
  ask: (target: ReadTarget) => Promise<RegistryAnswer<T>>,
  accepts: (value: T) => boolean = () => true,
): Promise<RegistryAnswer<T>> => {
  const tried: string[] = [];
  for (const host of mirrors) {
    if (target.budget.signal.aborted) break;
    const answer = await ask({ ...target, host, credential: anonymous });
    if (answer.state === 'known' && accepts(answer.value)) return answer;
    tried.push(`${shownBriefly(host, 48)}: ${outcome(answer)}`);
  }
  return withMirrors(await ask(target), tried);
};
