/** A label of RFC 1123 in lower case, as the source of a pattern. */
export const dnsLabel = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const wholeLabel = new RegExp(`^${dnsLabel}$`);

/** As Kubernetes has it: the parts of a subdomain may be as long as the whole. */
const part = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
export const dnsSubdomain = new RegExp(`^${part}(\\.${part})*$`);

/** Whether a namespace and the like can have this name: a label of RFC 1123. */
export const isDnsLabel = (text: string): boolean => wholeLabel.test(text);

/** Whether a Secret, a service account and the like can have this name: a subdomain of RFC 1123. */
export const isDnsSubdomain = (text: string): boolean => text.length <= 253 && dnsSubdomain.test(text);
