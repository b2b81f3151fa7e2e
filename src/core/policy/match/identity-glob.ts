import { compilePath, matchesPath, type PathGlob } from '../../image/path-glob.ts';
import { fail, ok, type Result } from '../../result.ts';

/** A glob over a whole identity: the parts that `@` separates, each a path of components that `/` separates. */
export interface IdentityGlob {
  readonly text: string;
  readonly parts: readonly PathGlob[];
}

/** Longer identities match nothing (R24): no issuer writes them, and a candidate may hold as many as it likes. */
const maxIdentityLength = 1024;

/**
 * A name of a signer, or a field of its certificate. `*` is any run of characters that holds neither `/` nor `@`, `**` is
 * one or more whole components and crosses no `@`; nothing is implicit at either end. The empty component that GitLab writes
 * (`project//.gitlab-ci.yml`) is a component.
 * @example
 * compileIdentityGlob('*@acme.example').ok // true
 * compileIdentityGlob('https://github.com/acme**').ok // false
 */
export const compileIdentityGlob = (text: string): Result<IdentityGlob, string> => {
  const parts = text.split('@');
  const isLoose = parts
    .flatMap((part) => part.split('/'))
    .some((component) => component.includes('**') && component !== '**');
  if (isLoose)
    return fail('`**` stands for whole components: `/`, `@` or an end of the text must be on both sides');
  return ok({ text, parts: parts.map(compilePath) });
};

export const matchesIdentity = ({ parts }: IdentityGlob, identity: string): boolean => {
  if (identity.length > maxIdentityLength) return false;
  const given = identity.split('@');
  return given.length === parts.length && parts.every((glob, index) => matchesPath(glob, given[index] ?? ''));
};
