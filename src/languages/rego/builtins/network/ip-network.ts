/** A range of addresses with a common prefix. */
export interface IpNetwork {
  readonly bits: 32 | 128;
  readonly address: bigint;
  readonly prefix: number;
}

const ipv4 = (text: string): bigint | undefined => {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
};

const groupsOf = (text: string): readonly bigint[] | undefined => {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [at, part] of parts.entries()) {
    const embedded = at === parts.length - 1 && part.includes('.') ? ipv4(part) : undefined;
    if (embedded !== undefined) groups.push(embedded >> 16n, embedded & 0xff_ffn);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
};

const ipv6 = (text: string): bigint | undefined => {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0n), ...(tail ?? [])];
  return groups.reduce((sum, group) => sum * 65536n + group, 0n);
};

export const addressOf = (text: string): Omit<IpNetwork, 'prefix'> | undefined => {
  const four = ipv4(text);
  if (four !== undefined) return { bits: 32, address: four };
  const six = text.includes(':') ? ipv6(text) : undefined;
  if (six === undefined) return undefined;
  // An IPv4 address written as IPv6 is the IPv4 address.
  return six >> 32n === 0xff_ffn ? { bits: 32, address: six & 0xff_ff_ff_ffn } : { bits: 128, address: six };
};

const maskOf = ({ bits, prefix }: IpNetwork): bigint =>
  ((1n << BigInt(prefix)) - 1n) << BigInt(bits - prefix);

/** A CIDR; the bits behind the prefix are cleared. */
export const networkOf = (text: string): IpNetwork | undefined => {
  const [address = '', length = '', ...rest] = text.split('/');
  const found = addressOf(address);
  if (found === undefined || rest.length > 0 || !/^\d{1,4096}$/.test(length)) return undefined;
  const isMapped = found.bits === 32 && address.includes(':');
  const prefix = Number(length) - (isMapped ? 96 : 0);
  if (prefix < 0 || prefix > found.bits) return undefined;
  const network = { ...found, prefix };
  return { ...network, address: found.address & maskOf(network) };
};

export const firstAddress = ({ address }: IpNetwork): bigint => address;
export const lastAddress = ({ address, bits, prefix }: IpNetwork): bigint =>
  address | ((1n << BigInt(bits - prefix)) - 1n);

export const networkCovers = (one: IpNetwork, other: IpNetwork): boolean =>
  one.bits === other.bits &&
  firstAddress(one) <= firstAddress(other) &&
  lastAddress(other) <= lastAddress(one);

const ipv4Text = (address: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => ((address >> shift) & 255n).toString()).join('.');

/** The longest run of at least two groups that are zero is written `::`. */
const ipv6Text = (address: bigint): string => {
  const groups = Array.from({ length: 8 }, (_unused, at) =>
    ((address >> BigInt(112 - at * 16)) & 0xff_ffn).toString(16),
  );
  let best = { from: -1, length: 1 };
  for (let from = 0; from < 8; from++) {
    let length = 0;
    while (groups[from + length] === '0') length += 1;
    if (length > best.length) best = { from, length };
  }
  if (best.from < 0) return groups.join(':');
  return `${groups.slice(0, best.from).join(':')}::${groups.slice(best.from + best.length).join(':')}`;
};

export const addressText = (bits: 32 | 128, address: bigint): string =>
  bits === 32 ? ipv4Text(address) : ipv6Text(address);
export const networkText = ({ bits, address, prefix }: IpNetwork): string =>
  `${addressText(bits, address)}/${prefix}`;
