import { addressOf } from '../../../rego/builtins/network/ip-network.ts';
import { whenAsked } from '../../re2.ts';

const atom = String.raw`[A-Za-z0-9!#$%&'*+/=?^_{|}~\x60\x{80}-\x{10FFFF}-]+`;
const dotted = String.raw`${atom}(?:\.${atom})*`;
const quotedText = String.raw`(?:[^"\\\x00-\x08\x0A-\x1F\x7F]|\\[^\x00-\x08\x0A-\x1F\x7F])`;
const comment = String.raw`\((?:[^()\\]|\\.)*\)`;
const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
/** The address of a host in place of its name. */
const literal = String.raw`\[(?:${octet}(?:\.${octet}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\]`;
const address = String.raw`(?:${dotted}|"${quotedText}+")@[ \t]*(?:${dotted}|${literal})`;
const word = String.raw`(?:(?:${atom}|\.)+|"${quotedText}*")`;
const words = String.raw`(?:${word}[ \t]*)+`;
const inAngles = String.raw`(?:${words})?<[ \t]*${address}>`;

/** One mailbox of RFC 5322: an address, or a name with the address in angle brackets. */
const isMailbox = whenAsked(String.raw`^[ \t]*(?:${address}|${inAngles})[ \t]*(?:${comment}[ \t]*)*$`);

/** Whether a text is one address of mail, with or without a name before it, as Go's `mail.ParseAddress` reads it. */
export const isEmailAddress = (text: string): boolean =>
  isMailbox(text) &&
  Array.from(text.matchAll(/\[([0-9A-Fa-f:.]{1,64})\]/g), ([, host = '']) => host).every(
    (host) => addressOf(host) !== undefined,
  );
