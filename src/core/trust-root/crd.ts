import { customResourceDefinition } from '../policy/crd/crd.ts';
import { fieldSchemaOf } from '../policy/crd/field-schema.ts';
import { trustRootKind, trustRootSchema } from './schema.ts';

/** The CustomResourceDefinition of TrustRoot, made from its schema. */
export const trustRootCrd = (): object =>
  customResourceDefinition({
    kind: trustRootKind,
    plural: 'trustroots',
    singular: 'trustroot',
    shortNames: ['imgroot'],
    noun: 'trust root',
    description:
      'TrustRoot names certificate authorities, logs and timestamp authorities that policies believe when they ask who ' +
      'signed an image. What stands in it is public.',
    fields: fieldSchemaOf(trustRootSchema),
  });
