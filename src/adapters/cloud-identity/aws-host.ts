/** What the host of an ECR registry says. */
export interface EcrHost {
  readonly account: string;
  readonly region: string;
  readonly fips: boolean;
  /** `on.aws`: reached by IPv4 and IPv6. */
  readonly dualStack: boolean;
}

const region = '[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-\\d{1,2}';
const ipv4Host = new RegExp(`^(\\d{12})\\.dkr\\.ecr(-fips)?\\.(${region})\\.amazonaws\\.com(\\.cn)?$`);
const dualStackHost = new RegExp(`^(\\d{12})\\.dkr-ecr(-fips)?\\.(${region})\\.on\\.aws$`);
const wholeRegion = new RegExp(`^${region}$`);

/**
 * Whether the text is a region. It becomes part of a host that gets a token, so text that could lead to another host
 * is refused.
 */
export const isRegion = (text: string): boolean => text.length <= 32 && wholeRegion.test(text);

const suffixOf = (name: string): string => (name.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com');

/**
 * Reads `<account>.dkr.ecr[-fips].<region>.amazonaws.com[.cn]` and `<account>.dkr-ecr[-fips].<region>.on.aws`;
 * `undefined` for every other host, a port included.
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/ecr.html, "Service endpoints"
 */
export const parseEcrHost = (host: string): EcrHost | undefined => {
  const plain = ipv4Host.exec(host);
  const [, account, fips, name = '', china] = plain ?? dualStackHost.exec(host) ?? [];
  if (account === undefined || !isRegion(name)) return undefined;
  if (plain !== null && (china !== undefined) !== name.startsWith('cn-')) return undefined;
  return { account, region: name, fips: fips !== undefined, dualStack: plain === null };
};

/** Where `GetAuthorizationToken` is asked for a registry: in its region, over the same kind of network. */
export const ecrEndpoint = ({ region: name, fips, dualStack }: EcrHost): string => {
  if (dualStack) return `https://ecr${fips ? '-fips' : ''}.${name}.api.aws`;
  return `https://${fips ? 'ecr-fips' : 'api.ecr'}.${name}.${suffixOf(name)}`;
};

/** @see https://docs.aws.amazon.com/general/latest/gr/sts.html */
export const stsEndpoint = (name: string): string => `https://sts.${name}.${suffixOf(name)}`;
