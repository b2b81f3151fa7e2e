/** A program as small as it can be: a header, segments, and what a test puts into them. */
interface Segment {
  readonly address: number;
  /** 4 reads, 2 writes, 1 executes. */
  readonly flags: number;
  readonly bytes: Uint8Array;
}
type Notes = (number: (value: number) => Uint8Array) => Uint8Array;
interface ProgramForm {
  readonly bits?: 32 | 64;
  readonly isBigEndian?: boolean;
  /** 2 is a program, 3 a shared one, 1 an object file. */
  readonly type?: number;
  /** Another program loads it. */
  readonly isDynamic?: boolean;
  /** Notes in the first page. */
  readonly notes?: Notes;
}

const page = 4096;

/** Writes numbers of two and four bytes, and of a word of the program. */
const numbersIn = (head: Buffer, bits: 32 | 64, isBigEndian: boolean) => {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const half = (value: number, at: number): void => view.setUint16(at, value, !isBigEndian);
  const long = (value: number, at: number): void => view.setUint32(at, value, !isBigEndian);
  const word = (value: number, at: number): void =>
    bits === 32 ? long(value, at) : view.setBigUint64(at, BigInt(value), !isBigEndian);
  return { half, long, word };
};

/** Sizes and places in the header and in a segment, by the bits of a word. */
const forms = {
  64: { header: 64, entry: 56, machine: 62, mark: 2, table: 32, sizes: 52, flags: 4, words: 8 },
  32: { header: 52, entry: 32, machine: 3, mark: 1, table: 28, sizes: 40, flags: 24, words: 4 },
};

const padded = (bytes: Uint8Array): Uint8Array => {
  const whole = new Uint8Array(Math.ceil(bytes.length / page) * page);
  whole.set(bytes);
  return whole;
};

/** The note that the linker of Go leaves, behind one of another linker. */
export const goNote: Notes = (number) =>
  Buffer.concat([
    ...[4, 20, 3].map(number),
    Buffer.from('GNU\0'),
    Buffer.alloc(20, 1),
    ...[4, 83, 4].map(number),
    Buffer.from('Go\0\0'),
    Buffer.alloc(84, 'id'),
  ]);

/** What a program has of the notes and of the name of its loader, with their kinds. */
const headParts = ({ isDynamic = false, isBigEndian = false, notes }: ProgramForm) => {
  const number = (value: number): Uint8Array => {
    const bytes = Buffer.alloc(4);
    if (isBigEndian) bytes.writeUInt32BE(value);
    else bytes.writeUInt32LE(value);
    return bytes;
  };
  const parts = [
    { kind: 3, bytes: isDynamic ? Buffer.from('/lib/ld.so\0') : undefined },
    { kind: 4, bytes: notes?.(number) },
  ];
  return parts.flatMap(({ kind, bytes }, at) =>
    bytes === undefined ? [] : [{ kind, bytes, address: 0, flags: 4, offset: 2048 + at * 1024 }],
  );
};

/** An ELF file with these segments, each on a page of its own. */
export const elfOf = (segments: readonly Segment[], wanted: ProgramForm = {}): Uint8Array => {
  const { bits = 64, isBigEndian = false, type = 2 } = wanted;
  const form = forms[bits];
  const head = Buffer.alloc(page);
  head.set([0x7f, 0x45, 0x4c, 0x46, form.mark, isBigEndian ? 2 : 1, 1]);
  const { half, long, word } = numbersIn(head, bits, isBigEndian);
  half(type, 16);
  half(form.machine, 18);
  long(1, 20);
  word(form.header, form.table);
  const inHead = headParts(wanted);
  const files = segments.map(({ bytes }) => padded(bytes));
  const offsetOf = (index: number): number =>
    files.slice(0, index).reduce((sum, { length }) => sum + length, page);
  const parts = [
    ...segments.map((segment, index) => ({ kind: 1, offset: offsetOf(index), ...segment })),
    ...inHead,
  ];
  for (const [at, value] of [form.header, form.entry, parts.length].entries())
    half(value, form.sizes + at * 2);
  for (const [index, { kind, offset, address, flags, bytes }] of parts.entries()) {
    const at = form.header + index * form.entry;
    long(kind, at);
    long(flags, at + form.flags);
    for (const [next, value] of [offset, address, address, bytes.length, bytes.length].entries())
      word(value, at + form.words + next * (bits / 8));
  }
  for (const { bytes, offset } of inHead) head.set(bytes, offset);
  return Buffer.concat([head, ...files]);
};

const mark = Buffer.from('3077af0c9274080241e1c107e6d618e6', 'hex');
const endMark = Buffer.from('f932433186182072008242104116d8f2', 'hex');
const magic = Buffer.from('\u00ff Go buildinf:', 'latin1');

const lengthOf = (length: number): Buffer => {
  const bytes: number[] = [];
  let left = length;
  for (; left >= 0x80; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Buffer.from([...bytes, left]);
};

/** Lines about modules between their marks; no lines: built without modules. */
const marked = (modules: string): Buffer =>
  modules === '' ? Buffer.alloc(0) : Buffer.concat([mark, Buffer.from(modules), endMark]);

/** The blob of Go 1.18 and later, with its texts behind it. */
export const inlineBlob = (toolchain: string, modules: string): Uint8Array => {
  const head = Buffer.alloc(32);
  magic.copy(head);
  head[14] = 8;
  head[15] = 2;
  const texts = [Buffer.from(toolchain), marked(modules)];
  return Buffer.concat([head, ...texts.flatMap((text) => [lengthOf(text.length), text])]);
};

/** A program of Go before 1.18: the blob points at headers of texts, which point at constants. */
export const pointerProgram = (toolchain: string, modules: string, form: ProgramForm = {}): Uint8Array => {
  const { bits = 64, isBigEndian = false } = form;
  const size = bits / 8;
  const [constants, data] = [0x10_0000, 0x20_0000];
  const texts = [Buffer.from(toolchain), marked(modules)];
  const segment = Buffer.alloc(256);
  magic.copy(segment);
  segment[14] = size;
  segment[15] = isBigEndian ? 1 : 0;
  const { word } = numbersIn(segment, bits, isBigEndian);
  let constant = constants;
  for (const [index, text] of texts.entries()) {
    const header = 64 + index * 2 * size;
    word(data + header, 16 + index * size);
    word(constant, header);
    word(text.length, header + size);
    constant += text.length;
  }
  return elfOf(
    [
      { address: constants, flags: 4, bytes: Buffer.concat(texts) },
      { address: data, flags: 6, bytes: segment },
    ],
    form,
  );
};
