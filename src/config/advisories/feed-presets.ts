/** Public addresses of feeds, by the name that stands for them in `url`. None of them is asked unless a row says so. */
export const feedPresets: Readonly<Record<string, { readonly format: 'osv' | 'kev'; readonly url: string }>> =
  {
    'osv.dev': { format: 'osv', url: 'https://storage.googleapis.com/osv-vulnerabilities' },
    'cisa.gov': {
      format: 'kev',
      url: 'https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json',
    },
  };
