import { type AddressBytes, addressBytes, liesIn, type Network, network } from './address-bytes.ts';

/**
 * Whether an address may be used. `never`: link-local, cloud metadata, unspecified, multicast and broadcast; no configuration
 * allows them. `private`: only for a host whose row has `allowPrivateAddress`.
 */
export type AddressVerdict = 'public' | 'private' | 'never';

const networks = (...texts: readonly string[]): readonly Network[] =>
  texts.map(network).filter((found) => found !== undefined);

/** IANA IPv4 Special-Purpose Address Registry. The single addresses are metadata services outside of link-local. */
const never4 = networks(
  '0.0.0.0/8', // Linux connects 0.0.0.0 to loopback
  '169.254.0.0/16',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '100.100.100.200/32', // Alibaba Cloud
  '168.63.129.16/32', // Azure
  '192.0.0.192/32', // Oracle Cloud, classic
);
const private4 = networks(
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '240.0.0.0/4',
);

/** IANA IPv6 Special-Purpose Address Registry. The networks in fd00::/8 are metadata services. */
const never6 = networks(
  '::/128',
  'fe80::/10',
  'ff00::/8',
  'fd00:ec2::/32', // AWS: instance metadata ::254, EKS pod identity ::23
  'fd20:ce::254/128', // Google Cloud
  'fd00:42::42/128', // Scaleway
  'fd00:c1::a9fe:a9fe/128', // Oracle Cloud
);
const private6 = networks(
  '64:ff9b:1::/48', // local NAT64 (RFC 8215)
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
  '5f00::/16',
);
/** The global unicast range of IANA. Every public address is in it. */
const globalUnicast = networks('2000::/3');

/** Forms of IPv6 that contain an IPv4 address, and the index of its first byte. */
const embedding: readonly { readonly network: readonly Network[]; readonly at: number }[] = [
  { network: networks('::ffff:0:0/96'), at: 12 }, // mapped (RFC 4291, 2.5.5.2)
  { network: networks('::/96'), at: 12 }, // compatible (RFC 4291, 2.5.5.1)
  { network: networks('::ffff:0:0:0/96'), at: 12 }, // translated (RFC 2765)
  { network: networks('64:ff9b::/96'), at: 12 }, // NAT64 (RFC 6052)
  { network: networks('2002::/16'), at: 2 }, // 6to4 (RFC 3056)
];
const teredo = networks('2001::/32');
const loopback6 = networks('::1/128');
const localNat64 = networks('64:ff9b:1::/48');

const within = (address: AddressBytes, list: readonly Network[]): boolean =>
  list.some((entry) => liesIn(address, entry));

const judge4 = (address: AddressBytes): AddressVerdict => {
  if (within(address, never4)) return 'never';
  return within(address, private4) ? 'private' : 'public';
};

const rank: Readonly<Record<AddressVerdict, number>> = { public: 0, private: 1, never: 2 };
const worst = (first: AddressVerdict, second: AddressVerdict): AddressVerdict =>
  rank[first] >= rank[second] ? first : second;

const judge6 = (address: AddressBytes): AddressVerdict => {
  if (within(address, never6)) return 'never';
  if (within(address, loopback6)) return 'private';
  const form = embedding.find((candidate) => within(address, candidate.network));
  if (form !== undefined) return judge4(address.slice(form.at, form.at + 4));
  const last4 = address.slice(12);
  if (within(address, teredo)) {
    // RFC 4380, 4: the address of the server is plain, the address of the client has every bit inverted.
    return worst(judge4(address.slice(4, 8)), judge4(last4.map((byte) => byte ^ 0xff)));
  }
  if (within(address, localNat64)) return worst('private', judge4(last4));
  const plain = within(address, globalUnicast) && !within(address, private6) ? 'public' : 'private';
  return isIsatap(address) ? worst(plain, judge4(last4)) : plain;
};

/** RFC 5214, 6.1: an interface identifier with 5EFE carries an IPv4 address. */
const isIsatap = ([, , , , , , , , flag, zero, high, low]: AddressBytes): boolean =>
  (flag === 0 || flag === 2) && zero === 0 && high === 0x5e && low === 0xfe;

/**
 * Judges one address (B26). An IPv6 form that contains an IPv4 address is judged by that address. Attack:
 * `::ffff:169.254.169.254`. A text that is no address is `never`.
 */
export const judgeAddress = (text: string): AddressVerdict => {
  const bytes = addressBytes(text);
  if (bytes === undefined) return 'never';
  return bytes.length === 4 ? judge4(bytes) : judge6(bytes);
};

/** Whether a host with this row may be reached at an address with this verdict. */
export const permits = (verdict: AddressVerdict, allowPrivateAddress: boolean): boolean =>
  verdict === 'public' || (verdict === 'private' && allowPrivateAddress);

const internalSuffixes = [
  '.svc',
  '.local',
  '.localhost',
  '.localdomain',
  '.internal',
  '.intranet',
  '.home.arpa',
];

const withoutFinalDots = (name: string): string => {
  let end = name.length;
  while (end > 0 && name[end - 1] === '.') end -= 1;
  return name.slice(0, end);
};

/**
 * Whether a name is internal: one label, or a suffix that is never delegated in public DNS (`.local` RFC 6762, `.internal`
 * ICANN 2024, `.home.arpa` RFC 8375, Kubernetes' `.svc`). Such a name is refused before DNS or a proxy is asked. Attack: a
 * tenant learns from their answers which internal names exist (B26).
 */
export const isInternalName = (host: string): boolean => {
  const name = withoutFinalDots(host.toLowerCase());
  return !name.includes('.') || internalSuffixes.some((suffix) => name.endsWith(suffix));
};
