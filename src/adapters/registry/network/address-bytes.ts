import { isIP } from 'node:net';

/** Four bytes of IPv4 or sixteen of IPv6, in network order. */
export type AddressBytes = readonly number[];

const v4 = (text: string): AddressBytes => text.split('.').map(Number);

/** The groups on one side of `::`, two bytes each; a dotted IPv4 tail counts as two groups. */
const groups = (text: string): AddressBytes =>
  text === ''
    ? []
    : text.split(':').flatMap((group) => {
        if (group.includes('.')) return v4(group);
        const value = Number.parseInt(group, 16);
        return [value >> 8, value & 0xff];
      });

/**
 * Reads an address in the spelling of DNS, of a socket or of a parsed URL. Brackets and a zone (`fe80::1%eth0`) are allowed.
 * `0x7f.1` is not: the URL parser has already turned it into `127.0.0.1`.
 * @returns undefined for a text that is no IP address
 */
export const addressBytes = (text: string): AddressBytes | undefined => {
  const inside = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const zone = inside.indexOf('%');
  const bare = zone < 0 ? inside : inside.slice(0, zone);
  const family = isIP(bare);
  if (family === 0) return undefined;
  if (family === 4) return v4(bare);
  const [head = '', tail] = bare.split('::');
  const front = groups(head);
  if (tail === undefined) return front;
  const back = groups(tail);
  return [...front, ...Array.from({ length: 16 - front.length - back.length }, () => 0), ...back];
};

/** A network: its leading bytes, and how many of their bits count. */
export interface Network {
  readonly bytes: AddressBytes;
  readonly bits: number;
}

/** Reads `10.0.0.0/8` or `fc00::/7`. @returns undefined for a text that is no network */
export const network = (text: string): Network | undefined => {
  const [address = '', length = '', more] = text.split('/');
  const bytes = addressBytes(address);
  if (bytes === undefined || more !== undefined || !/^\d{1,3}$/.test(length)) return undefined;
  const bits = Number(length);
  return bits <= bytes.length * 8 ? { bytes, bits } : undefined;
};

/** Whether an address lies in a network of its own family. */
export const liesIn = (address: AddressBytes, { bytes, bits }: Network): boolean =>
  address.length === bytes.length &&
  address.every((value, index) => {
    const counted = Math.min(Math.max(bits - index * 8, 0), 8);
    const mask = (0xff << (8 - counted)) & 0xff;
    return (value & mask) === ((bytes[index] ?? 0) & mask);
  });
