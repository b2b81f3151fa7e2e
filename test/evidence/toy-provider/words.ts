/** A kind of evidence of its own, whole in this file: which of some words stand in the manifest of an image. */
import type { EvidenceCheckOf } from '../../../src/core/checks/check.ts';
import { needOf, type EvidenceKind } from '../../../src/core/facts/evidence-kind.ts';
import { known, unavailable } from '../../../src/core/facts/fact.ts';
import type { Digest } from '../../../src/core/image/digest.ts';
import type { CreateProvider, EvidenceProvider } from '../../../src/evidence/provider.ts';

interface WordNeed {
  readonly words: readonly string[];
}
interface WordFacts {
  readonly digest: Digest;
  readonly found: readonly string[];
}

declare module '../../../src/core/facts/evidence-kind.ts' {
  interface EvidenceKinds {
    readonly words: { readonly need: WordNeed; readonly fact: WordFacts };
  }
}

const wordsKind: EvidenceKind<'words'> = {
  id: 'words',
  keyOf: ({ words }) => words.toSorted().join(','),
  union: (one, other) => ({ words: [...new Set([...one.words, ...other.words])] }),
};

export interface WordsProvider {
  readonly create: CreateProvider;
  /** What was asked of it so far. */
  readonly asked: readonly WordNeed[];
}

/** @param keepFor - how long its answers may be kept, in milliseconds */
export const wordsProvider = (keepFor = Infinity): WordsProvider => {
  const asked: WordNeed[] = [];
  const create: CreateProvider = ({ content }): EvidenceProvider<'words'> => ({
    kind: wordsKind,
    gather: async ({ image }, { wanted: need }) => {
      asked.push(need);
      const bytes = await content.get(image);
      if (bytes === undefined) return { fact: unavailable('the manifest', 'not held'), keepFor: 0, bytes: 0 };
      const text = new TextDecoder().decode(bytes);
      const found = need.words.filter((word) => text.includes(word));
      const fact = known({ digest: image.digest, found });
      return { fact, keepFor, bytes: bytes.length, claims: [`words: ${found.join(', ') || 'none'}`] };
    },
  });
  return { create, asked };
};

/** Refuses images whose manifest holds one of the words. */
export const wordsCheck = (...words: readonly string[]): EvidenceCheckOf<'words'> => ({
  id: 'words',
  need: needOf(wordsKind, { words }),
  readsNamespaceLabels: false,
  rules: [
    {
      text: `words ${words.join(',')}`,
      readsSituation: false,
      judge: ({ found }) =>
        words
          .filter((word) => found.includes(word))
          .map((word) => ({ code: 'image-label', says: `holds the word '${word}'` })),
    },
  ],
});
