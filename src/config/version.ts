import pkg from '../../package.json' with { type: 'json' };

/** Version of the gate, from package.json. */
export const version: string = pkg.version;
