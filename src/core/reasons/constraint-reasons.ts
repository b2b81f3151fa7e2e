import type { FindingCode, Reason } from './reason.ts';

type ConstraintCode = Extract<FindingCode, `constraint-${string}` | 'template-invalid'>;

/** What constraints of Gatekeeper say, and what is said of them and of their templates. */
export const constraintReasons: Readonly<Record<ConstraintCode, Reason>> = {
  'constraint-violated': {
    title: 'The object violates a constraint',
    meaning:
      'The template of a constraint says something against the object. The message is the text of the template, and the ' +
      'constraint has the name that stands in brackets before it.',
    fix: 'Change the object as the message says; `kubectl get` the constraint to see its parameters and what it matches.',
  },
  'constraint-error': {
    title: 'A constraint could not be asked',
    meaning:
      'The template of a constraint failed while it looked at the object, took too many steps, or it is not known whether ' +
      'the constraint speaks of the object. Not knowing is never a pass, so this counts as a violation of that constraint.',
    fix: 'Show the message to whoever wrote the template; if it names the namespace, look at the connection of the gate to the API server.',
  },
  'constraint-unusable': {
    title: 'A constraint cannot be used',
    meaning:
      'The constraint or its template does not compile, or needs what this version cannot run, and no good revision of it ' +
      'is known. What it would say is unknown, so it counts as violated by everything that it matches.',
    fix: 'Correct the template or the constraint that the message names, or delete it; its status says what is wrong.',
  },
  'template-invalid': {
    title: 'The ConstraintTemplate cannot be used',
    meaning:
      'A ConstraintTemplate that is being written does not compile, or needs what this version cannot run. Stored like this, ' +
      'everything that its constraints match would be refused, or its last good revision would go on in its place.',
    fix: 'Correct what the finding names; `imagegate policy explain-template` finds the same before it reaches the cluster.',
  },
  'constraint-invalid': {
    title: 'The constraint is not valid',
    meaning: 'A constraint that is being written has a `match` or an action that cannot be read.',
    fix: 'Correct what the finding names.',
  },
};
