import { RegoSet, type RegoValue } from '../../values/value.ts';
import { walk } from '../../values/walk-bound.ts';
import { withoutMembers } from '../number/arithmetic.ts';
import { setAt, wrongOperand, type BuiltinTable } from '../builtin.ts';

const membersAt = (args: readonly RegoValue[]): readonly RegoSet[] =>
  setAt(args, 1)
    .sorted()
    .map((member) => {
      if (!(member instanceof RegoSet)) return wrongOperand(1, 'set of sets', member);
      walk(member.size);
      return member;
    });

const common = (one: RegoSet, other: RegoSet): RegoSet =>
  RegoSet.of([...one.values()].filter((member) => other.has(member)));

/** Policy Reference, "Sets". */
export const sets: BuiltinTable = {
  and: (args) => common(setAt(args, 1), setAt(args, 2)),
  or: (args) => RegoSet.of([...setAt(args, 1).values(), ...setAt(args, 2).values()]),
  set_diff: (args) => withoutMembers(setAt(args, 1), setAt(args, 2)),
  intersection: (args) => {
    const [first = new RegoSet(), ...rest] = membersAt(args);
    return rest.reduce(common, first);
  },
  union: (args) => RegoSet.of(membersAt(args).flatMap((member) => [...member.values()])),
};
