/** An entry as it shall stand in the archive, sense or nonsense. */
export interface Written {
  /** One character: `0` is a file, `5` a directory, `x` an extended header. */
  readonly type: string;
  readonly name: string;
  readonly link?: string;
  readonly content: string | Uint8Array;
  /** What the header says; absent: the length of the content. */
  readonly size?: number;
}

const bytesOf = (content: string | Uint8Array, encoding: BufferEncoding = 'utf8'): Uint8Array =>
  typeof content === 'string' ? Buffer.from(content, encoding) : content;

/** Content, filled up to whole blocks. */
const pad = (content: string | Uint8Array, encoding: BufferEncoding = 'utf8'): Uint8Array => {
  const bytes = bytesOf(content, encoding);
  const padded = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
  padded.set(bytes);
  return padded;
};

/** A ustar header with its checksum. */
export const header = (
  { type, name, link = '', content, size }: Written,
  encoding: BufferEncoding = 'utf8',
): Uint8Array => {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100, encoding);
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${(size ?? bytesOf(content, encoding).length).toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.fill(' ', 148, 156);
  block.write(type, 156);
  block.write(link, 157, 100, encoding);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
};

/** An archive with so many blocks of zeros at its end. */
export const tarOf = (
  entries: readonly Written[],
  zeros = 0,
  encoding: BufferEncoding = 'utf8',
): Uint8Array =>
  Buffer.concat([
    ...entries.flatMap((entry) => [header(entry, encoding), pad(entry.content, encoding)]),
    new Uint8Array(512 * zeros),
  ]);

/** One record of an extended header; its length counts itself. */
export const paxRecord = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  const length = Buffer.byteLength(rest);
  const digits = String(length + String(length + String(length).length).length).length;
  return `${length + digits}${rest}`;
};
