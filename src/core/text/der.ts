/** One value of DER (ITU-T X.690): its tag, its content, and both with the length between as they stood there. */
export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly bytes: Uint8Array;
}

export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A certificate has 30 extensions. A list of a million empty values is a bomb (B9). */
const maxValues = 1024;

/** Longer lengths than three bytes belong to values of more than 16 MiB. */
const maxLengthBytes = 3;

/** Length of the content and where it begins; only the shortest form is DER. */
const lengthAt = (
  bytes: Uint8Array,
  at: number,
): { readonly length: number; readonly start: number } | undefined => {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 0x80) return { length: first, start: at + 1 };
  const count = first & 0x7f;
  if (count === 0 || count > maxLengthBytes || at + count >= bytes.length) return undefined;
  let length = 0;
  for (let index = 1; index <= count; index += 1) length = length * 256 + (bytes[at + index] ?? 0);
  const shortest = length < 0x80 ? 0 : Math.ceil(Math.log2(length + 1) / 8);
  return shortest === count ? { length, start: at + 1 + count } : undefined;
};

/**
 * The values that stand one behind the other in these bytes. What is inside of one is read when it is asked for: nesting
 * costs no stack.
 * @returns `undefined` when they are no DER, when bytes are left over, or when there are more than 1,024
 */
export const derValues = (bytes: Uint8Array): readonly DerValue[] | undefined => {
  const values: DerValue[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    const found = lengthAt(bytes, at + 1);
    // Tags of more than one byte stand in nothing that is read here.
    if (found === undefined || (tag & 0x1f) === 0x1f) return undefined;
    const end = found.start + found.length;
    if (end > bytes.length || values.length === maxValues) return undefined;
    values.push({ tag, content: bytes.subarray(found.start, end), bytes: bytes.subarray(at, end) });
    at = end;
  }
  return values;
};

/** The content of a value of this tag. */
export const derContent = (value: DerValue | undefined, tag: number): Uint8Array | undefined =>
  value?.tag === tag ? value.content : undefined;

/** The values within the one SEQUENCE that these bytes are; none when they are something else. */
export const derSequence = (bytes: Uint8Array): readonly DerValue[] => {
  const [sequence, ...rest] = derValues(bytes) ?? [];
  const content = rest.length === 0 ? derContent(sequence, derTag.sequence) : undefined;
  return content === undefined ? [] : (derValues(content) ?? []);
};

/** Hexadecimal digits of an object identifier as it is encoded. */
export const hexOfBytes = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
