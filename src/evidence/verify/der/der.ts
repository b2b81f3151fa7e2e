import { derTag, derValues, type DerValue } from '../../../core/text/der.ts';

/** A context-specific tag, of a value that holds values or of one that does not. */
export const contextTag = (number: number, form: 'constructed' | 'primitive'): number =>
  (form === 'constructed' ? 0xa0 : 0x80) | number;

/** The one value that these bytes are. */
export const readDer = (bytes: Uint8Array): DerValue | undefined => {
  const values = derValues(bytes);
  return values?.length === 1 ? values[0] : undefined;
};

/** The values inside of a value. */
export const childrenOf = (value: DerValue | undefined): readonly DerValue[] | undefined =>
  value && derValues(value.content);

/** The value itself if it has this tag. */
export const tagged = (value: DerValue | undefined, tag: number): DerValue | undefined =>
  value?.tag === tag ? value : undefined;

/** The values of a SEQUENCE. */
export const sequenceOf = (value: DerValue | undefined): readonly DerValue[] | undefined =>
  childrenOf(tagged(value, derTag.sequence));
