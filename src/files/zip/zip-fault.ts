/** Why an archive is not read. Each makes the whole archive unreadable: what is left of it would be half a truth. */
export type ZipFault =
  | { readonly kind: 'truncated' | 'not-zip' | 'damaged'; readonly what: string }
  | { readonly kind: 'too-large'; readonly what: string }
  | { readonly kind: 'unsupported' | 'encrypted' | 'split'; readonly what: string }
  | { readonly kind: 'unsafe-name' | 'duplicate-name' | 'overlap'; readonly what: string };
