import type { Signer } from '../../facts/claim.ts';

/**
 * What makes two signers one when they share any of it (S8): the key, be it bare or in a certificate; issuer and name of a
 * keyless certificate, whichever CA wrote it; the anchor of another one with a name or the subject. Attack: one person signs
 * twice, with two certificates, or with a certificate and its bare key.
 */
export const marksOf = (signer: Signer): readonly string[] => {
  const key = JSON.stringify(['key', signer.spki]);
  if (signer.kind === 'key') return [key];
  const { issuer, names, subject, anchor } = signer;
  const by = issuer === undefined ? ['anchor', anchor] : ['issuer', issuer];
  const named = names.map(({ kind, value }) => JSON.stringify([...by, kind, value]));
  // Fulcio writes no subject; a company that writes one means one holder by it, whatever other names stand beside it.
  const held = subject === '' ? [] : [JSON.stringify([...by, 'subject', subject])];
  return [...new Set([key, ...named, ...held])];
};

/** A signer as the marks that no other one may share. */
type Marks = readonly string[];

/** So many choices are tried where signers share a mark and are not the same; beyond them the best one found counts. */
const maxChoices = 10_000;

const keyOf = (marks: Marks): string => marks.join(' ');

/** The largest matching of authorities and signers, where two signers are one only if all of their marks are equal. */
const matchedAuthorities = (signersOf: readonly (readonly Marks[])[]): number => {
  const holder = new Map<string, number>();
  // Berge: the matching grows as long as one authority reaches a free signer, by moving others to another of theirs.
  const place = (authority: number, tried: Set<string>): boolean => {
    for (const signer of (signersOf[authority] ?? []).map(keyOf)) {
      if (tried.has(signer)) continue;
      tried.add(signer);
      const other = holder.get(signer);
      if (other === undefined || place(other, tried)) {
        holder.set(signer, authority);
        return true;
      }
    }
    return false;
  };
  return signersOf.filter((_, authority) => place(authority, new Set())).length;
};

const sharesMark = (signersOf: readonly (readonly Marks[])[]): boolean => {
  const different = new Map(signersOf.flat().map((marks) => [keyOf(marks), marks]));
  const marks = [...different.values()].flat();
  return new Set(marks).size < marks.length;
};

/** The most authorities that can have signers with no mark in common, up to `most`. */
const disjointAuthorities = (signersOf: readonly (readonly Marks[])[], most: number): number => {
  let best = 0;
  let choices = 0;
  // One set for all choices: a copy for each would cost more than the choice, in the thread that answers reviews.
  const taken = new Set<string>();
  const holding = (marks: Marks, then: () => void): void => {
    for (const mark of marks) taken.add(mark);
    then();
    for (const mark of marks) taken.delete(mark);
  };
  const choose = (authority: number, count: number): void => {
    best = Math.max(best, count);
    const rest = signersOf.length - authority;
    for (const marks of rest === 0 ? [] : (signersOf[authority] ?? [])) {
      if (best >= most || count + rest <= best || ++choices > maxChoices) return;
      if (!marks.some((mark) => taken.has(mark))) holding(marks, () => choose(authority + 1, count + 1));
    }
    if (rest > 0 && best < most && count + rest - 1 > best) choose(authority + 1, count);
  };
  choose(0, 0);
  return best;
};

/**
 * How many authorities have a signer that stands for no other one. Counting authorities alone would let one signer that two
 * of them name stand for both. Signers are not united by what a third one shares with both: a further candidate would then
 * turn a pass into a refusal (S2).
 * @param signersOf for each authority the {@link marksOf} those whose claims count for it
 */
export const distinctAuthorities = (signersOf: readonly (readonly Marks[])[]): number => {
  const most = matchedAuthorities(signersOf);
  return sharesMark(signersOf) ? disjointAuthorities(signersOf, most) : most;
};
