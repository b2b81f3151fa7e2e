import type { Evaluation } from '../../evaluate/evaluation.ts';
import { BuiltinFault } from '../../evaluate/fault.ts';
import { RegoObject, RegoSet, type RegoValue } from '../../values/value.ts';
import { itemsAt, textAt, type BuiltinTable } from '../builtin.ts';
import {
  addressOf,
  addressText,
  networkCovers,
  firstAddress,
  lastAddress,
  networkOf,
  networkText,
  type IpNetwork,
} from './ip-network.ts';

const networkFrom = (text: string): IpNetwork => {
  const network = networkOf(text);
  if (network === undefined) throw new BuiltinFault(`invalid CIDR address: ${text}`);
  return network;
};

/** A network, or an address as a network of one. */
const anyNetwork = (text: string): IpNetwork => {
  const network = networkOf(text);
  if (network !== undefined) return network;
  const address = addressOf(text);
  if (address === undefined)
    throw new BuiltinFault(`not a valid textual representation of an IP address or CIDR: ${text}`);
  return { ...address, prefix: address.bits };
};

const contains = (args: readonly RegoValue[]): boolean =>
  networkCovers(networkFrom(textAt(args, 1)), anyNetwork(textAt(args, 2)));

const intersects = (args: readonly RegoValue[]): boolean => {
  const one = networkFrom(textAt(args, 1));
  const other = networkFrom(textAt(args, 2));
  return networkCovers(one, other) || networkCovers(other, one);
};

const expand = (args: readonly RegoValue[], ctx: Evaluation): RegoValue => {
  const network = networkFrom(textAt(args, 1));
  const count = lastAddress(network) - firstAddress(network) + 1n;
  ctx.shared.budget.spend(Number(count));
  const found = new RegoSet();
  for (let at = 0n; at < count; at++) {
    const text = addressText(network.bits, firstAddress(network) + at);
    ctx.shared.budget.allocate(text.length);
    found.add(text);
  }
  return found;
};

/** What stands in a collection, each with the name that a match gives it. */
const elementsOf = (value: RegoValue): readonly (readonly [RegoValue, RegoValue])[] => {
  if (typeof value === 'string') return [[value, value]];
  if (value instanceof RegoObject) return value.entries();
  if (value instanceof RegoSet) return value.sorted().map((item) => [item, item] as const);
  if (Array.isArray(value)) return (value as readonly RegoValue[]).map((item, at) => [at, item] as const);
  return [];
};

const elementNetwork = (element: RegoValue, operand: number): IpNetwork => {
  const text = Array.isArray(element) ? (element as readonly RegoValue[])[0] : element;
  if (typeof text !== 'string')
    throw new BuiltinFault(`operand ${operand}: element must be string or non-empty array`);
  return anyNetwork(text);
};

const containsMatches = ([cidrs = null, others = null]: readonly RegoValue[], ctx: Evaluation): RegoValue => {
  const found = new RegoSet();
  for (const [name, cidr] of elementsOf(cidrs))
    for (const [otherName, other] of elementsOf(others)) {
      ctx.shared.budget.spend();
      if (networkCovers(elementNetwork(cidr, 1), elementNetwork(other, 2))) found.add([name, otherName]);
    }
  return found;
};

/** The fewest networks that hold a range of addresses. */
const summarized = (bits: 32 | 128, from: bigint, to: bigint): readonly IpNetwork[] => {
  const found: IpNetwork[] = [];
  for (let address = from; address <= to;) {
    let size = 0;
    while (
      size < bits &&
      (address & ((1n << BigInt(size + 1)) - 1n)) === 0n &&
      address + (1n << BigInt(size + 1)) - 1n <= to
    )
      size += 1;
    found.push({ bits, address, prefix: bits - size });
    address += 1n << BigInt(size);
  }
  return found;
};

/** An address alone stands for the network of its class, as Go's default mask has it. */
const withClassPrefix = (network: IpNetwork): IpNetwork => {
  const first = Number(network.address >> 24n);
  const prefix = first < 128 ? 8 : first < 192 ? 16 : 24;
  return { ...network, prefix, address: (network.address >> BigInt(32 - prefix)) << BigInt(32 - prefix) };
};

const networkOrAddress = (value: RegoValue): IpNetwork => {
  if (typeof value !== 'string') throw new BuiltinFault('element must be string', 'eval_type_error');
  if (!value.includes('/') && addressOf(value)?.bits === 128)
    throw new BuiltinFault('IPv6 invalid: needs prefix length');
  const network = anyNetwork(value);
  return value.includes('/') ? network : withClassPrefix(network);
};

interface AddressRange {
  readonly from: bigint;
  to: bigint;
}

/** Ranges that touch one another are one. */
const mergedRanges = (networks: readonly IpNetwork[]): readonly AddressRange[] => {
  const ranges: AddressRange[] = [];
  for (const network of networks.toSorted((one, other) =>
    firstAddress(one) < firstAddress(other) ? -1 : 1,
  )) {
    const open = ranges.at(-1);
    const to = lastAddress(network);
    if (open === undefined || firstAddress(network) > open.to + 1n)
      ranges.push({ from: firstAddress(network), to });
    else if (to > open.to) open.to = to;
  }
  return ranges;
};

const merge = (args: readonly RegoValue[], ctx: Evaluation): RegoValue => {
  const networks = itemsAt(args, 1, 'an array').map(networkOrAddress);
  ctx.shared.budget.spend(networks.length);
  const merged = ([32, 128] as const).flatMap((bits) =>
    mergedRanges(networks.filter((network) => network.bits === bits)).flatMap(({ from, to }) =>
      summarized(bits, from, to),
    ),
  );
  return RegoSet.of(merged.map(networkText));
};

/** Policy Reference, "Net". */
export const cidrs: BuiltinTable = {
  'net.cidr_contains': contains,
  'net.cidr_contains_matches': containsMatches,
  'net.cidr_intersects': intersects,
  'net.cidr_overlap': (args) => contains(args),
  'net.cidr_expand': expand,
  'net.cidr_is_valid': ([text = null]) => typeof text === 'string' && networkOf(text) !== undefined,
  'net.cidr_merge': merge,
};
