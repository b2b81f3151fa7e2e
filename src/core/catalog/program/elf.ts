/*
 * Programs in the ELF form, as far as their data are concerned.
 * Specification: https://gabi.xinuos.com/elf/, "ELF Header" and "Program Header"
 */

/** A part of a program that is loaded into memory. */
export interface ElfSegment {
  /** Where it lies in the file, and how long it is there. */
  readonly offset: number;
  readonly length: number;
  /** Where it lies in memory. */
  readonly address: number;
  readonly isWritable: boolean;
  readonly isExecutable: boolean;
}

export interface ElfProgram {
  readonly segments: readonly ElfSegment[];
  /** Another program loads it and its libraries. */
  readonly isDynamic: boolean;
  /** The linker of Go has left its note, by which the tools of Go find what was built before. */
  readonly hasGoNote: boolean;
}

/** So much of a file is enough: linkers put the table of segments right behind the header. */
export const elfHeadLength = 4096;

const magic = [0x7f, 0x45, 0x4c, 0x46];
/** Whether a file whose first byte this is may be one. */
export const isElfByte = (byte: number | undefined): boolean => byte === magic[0];

const executable = 2;
const shared = 3;
const load = 1;
const interpreter = 3;
const note = 4;
const isLittle = (head: Uint8Array): boolean => head[5] !== 2;

/** Whether a file begins as a program or a shared library does; object files and core dumps are none. */
export const isProgramHead = (head: Uint8Array): boolean => {
  const type = isLittle(head) ? head[16] : head[17];
  return magic.every((byte, at) => head[at] === byte) && (type === executable || type === shared);
};

/** Offsets in the header and in a segment, for 64 and 32 bits. */
const forms = {
  wide: { table: 32, entry: 54, count: 56, offset: 8, address: 16, length: 32, flags: 4, size: 56 },
  narrow: { table: 28, entry: 42, count: 44, offset: 4, address: 8, length: 16, flags: 24, size: 32 },
};

/** A number of a word of the program. Lengths that no file has are as good as any other wrong one. */
const wordAt = (view: DataView, at: number, isWide: boolean, isLittleEndian: boolean): number =>
  isWide ? Number(view.getBigUint64(at, isLittleEndian)) : view.getUint32(at, isLittleEndian);

const goNoteType = 4;
const noteHeadLength = 12;
const wholeWords = (length: number): number => Math.ceil(length / 4) * 4;
/** Whether notes hold the one of Go: lengths of its name and its text, its type, then the name `Go`, filled up to a word. */
const isGoNoteIn = (view: DataView, from: number, to: number, isLittleEndian: boolean): boolean => {
  for (let at = from; at + noteHeadLength + 4 <= to;) {
    const [name, text, type] = [0, 4, 8].map((next) => view.getUint32(at + next, isLittleEndian));
    const isGo = name === 4 && view.getUint32(at + noteHeadLength) === 0x47_6f_00_00;
    if (isGo && type === goNoteType) return true;
    at += noteHeadLength + wholeWords(name ?? 0) + wholeWords(text ?? 0);
  }
  return false;
};

/** `undefined`: no program, or one whose table of segments lies elsewhere. */
export const readElf = (head: Uint8Array): ElfProgram | undefined => {
  if (head.length < 64 || !isProgramHead(head)) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const isWide = head[4] === 2;
  const isLittleEndian = isLittle(head);
  const form = isWide ? forms.wide : forms.narrow;
  const table = wordAt(view, form.table, isWide, isLittleEndian);
  const entry = view.getUint16(form.entry, isLittleEndian);
  const count = view.getUint16(form.count, isLittleEndian);
  if (entry < form.size || table + entry * count > head.length) return undefined;
  const segments: ElfSegment[] = [];
  let isDynamic = false;
  let hasGoNote = false;
  for (let at = table; at < table + entry * count; at += entry) {
    const kind = view.getUint32(at, isLittleEndian);
    const flags = view.getUint32(at + form.flags, isLittleEndian);
    const segment = {
      offset: wordAt(view, at + form.offset, isWide, isLittleEndian),
      length: wordAt(view, at + form.length, isWide, isLittleEndian),
      address: wordAt(view, at + form.address, isWide, isLittleEndian),
      isWritable: (flags & 2) !== 0,
      isExecutable: (flags & 1) !== 0,
    };
    if (kind === load) segments.push(segment);
    else if (kind === interpreter) isDynamic = true;
    else if (kind === note) {
      const end = Math.min(segment.offset + segment.length, head.length);
      hasGoNote ||= isGoNoteIn(view, segment.offset, end, isLittleEndian);
    }
  }
  return { segments, isDynamic, hasGoNote };
};
