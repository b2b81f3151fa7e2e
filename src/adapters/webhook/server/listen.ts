import type { AddressInfo, Server } from 'node:net';
import { fail, ok, type Result } from '../../../core/result.ts';
import { formatAddress } from '../../../core/text/address.ts';

/** Where to listen; port 0 takes a free one. `host` carries no brackets. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const privileged = 1_024;

/** What to do about the errors that people meet. */
const causes: Readonly<Record<string, (address: ListenAddress) => string>> = {
  EADDRINUSE: () => 'something listens there already; stop it or take another port (port 0 takes a free one)',
  EACCES: ({ port }) =>
    port < privileged
      ? 'this user may not use ports below 1024; take a higher one, such as 8443'
      : 'this user may not listen there; take another port',
  EADDRNOTAVAIL: ({ host }) =>
    `${host} is no address of this machine; use 127.0.0.1 for this machine only, 0.0.0.0 for every address`,
  ENOTFOUND: ({ host }) => `the host name ${host} has no address; write an IP address`,
  EAI_AGAIN: ({ host }) => `the host name ${host} could not be looked up; write an IP address`,
};

const causeOf = (error: NodeJS.ErrnoException, address: ListenAddress): string =>
  causes[error.code ?? '']?.(address) ?? error.message;

/** Listens, or says in one sentence why not and what to do. The address it returns has the real port. */
export const listen = (server: Server, address: ListenAddress): Promise<Result<ListenAddress, string>> =>
  new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      resolve(fail(`cannot listen on ${formatAddress(address)}: ${causeOf(error, address)}`));
    };
    server.once('error', failed);
    server.listen(address.port, address.host, () => {
      server.removeListener('error', failed);
      resolve(ok({ host: address.host, port: (server.address() as AddressInfo).port }));
    });
  });
