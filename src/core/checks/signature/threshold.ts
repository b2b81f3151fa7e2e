import type { Signer } from '../../facts/claim.ts';

/**
 * What makes two signers one (S8): the key; issuer and subject of a keyless certificate, whichever CA wrote it; subject
 * and anchor of another one. Attack: one person signs twice, with two certificates.
 */
export const signerKey = (signer: Signer): string => {
  if (signer.kind === 'key') return JSON.stringify([signer.spki]);
  const { issuer, names, subject, anchor } = signer;
  const named = names.length > 0 ? names.map(({ kind, value }) => `${kind} ${value}`).sort() : [subject];
  return JSON.stringify(issuer === undefined ? ['anchor', anchor, named] : ['issuer', issuer, named]);
};

/**
 * How many authorities have a signer that stands for no other one: the largest matching of both. Counting authorities
 * alone would let one signer that two of them name stand for both.
 * @param signersOf for each authority the {@link signerKey} of those whose claims count for it
 */
export const distinctAuthorities = (signersOf: readonly ReadonlySet<string>[]): number => {
  const holder = new Map<string, number>();
  // Berge: the matching grows as long as one authority reaches a free signer, by moving others to another of theirs.
  const place = (authority: number, tried: Set<string>): boolean => {
    for (const signer of signersOf[authority] ?? []) {
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
