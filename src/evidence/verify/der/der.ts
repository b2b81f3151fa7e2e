import { derTag, derValues, type DerValue } from '../../../core/text/der.ts';

/** A context-specific tag, of a value that holds values or of one that does not. */
export const contextTag = (number: number, form: 'constructed' | 'primitive'): number =>
  (form === 'constructed' ? 0xa0 : 0x80) | number;

/** A value of less than 64 KiB, written. */
export const derOf = (tag: number, ...content: readonly Uint8Array[]): Uint8Array => {
  const all = Buffer.concat(content);
  const { length } = all;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return new Uint8Array(Buffer.concat([Buffer.from([tag, ...head]), all]));
};

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
