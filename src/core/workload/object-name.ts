const label = '[a-z0-9](?:[-a-z0-9]{0,251}[a-z0-9])?';
const wholeLabel = new RegExp(`^${label}$`);
const wholeSubdomain = new RegExp(`^${label}(?:\\.${label}){0,126}$`);

/** Whether a namespace can have this name: a label of RFC 1123. */
export const isNamespaceName = (text: string): boolean => text.length <= 63 && wholeLabel.test(text);

/** Whether a Secret, a service account and the like can have this name: a subdomain of RFC 1123. */
export const isObjectName = (text: string): boolean => text.length <= 253 && wholeSubdomain.test(text);
