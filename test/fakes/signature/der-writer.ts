/** DER of values, for certificates and timestamps that no library would write. */
export const der = (tag: number, ...content: readonly Uint8Array[]): Buffer => {
  const bytes = Buffer.concat(content);
  const digits: number[] = [];
  for (let rest = bytes.length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  const head = bytes.length < 0x80 ? [tag, bytes.length] : [tag, 0x80 | digits.length, ...digits];
  return Buffer.concat([Buffer.from(head), bytes]);
};

export const sequence = (...content: readonly Uint8Array[]): Buffer => der(0x30, ...content);
export const set = (...content: readonly Uint8Array[]): Buffer => der(0x31, ...content);
export const octets = (content: Uint8Array): Buffer => der(0x04, content);
export const bits = (content: Uint8Array): Buffer => der(0x03, Buffer.from([0]), content);
export const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text));
export const boolean = (value: boolean): Buffer => der(0x01, Buffer.from([value ? 0xff : 0]));
export const nothing = Buffer.from([0x05, 0x00]);

export const integer = (value: number | Uint8Array): Buffer => {
  if (typeof value !== 'number') return der(0x02, value);
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return der(0x02, (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes]));
};

export const oid = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      digits.unshift((left & 0x7f) | 0x80);
    return digits;
  });
  return der(0x06, Buffer.from(bytes));
};

const digitsOf = (at: number): string => new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14);
export const utcTime = (at: number): Buffer => der(0x17, Buffer.from(`${digitsOf(at).slice(2)}Z`));
export const generalizedTime = (at: number): Buffer => der(0x18, Buffer.from(`${digitsOf(at)}Z`));
