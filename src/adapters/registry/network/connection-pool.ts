import type { Dispatcher } from 'undici';
import type { RegistryFailure, RegistryStage } from '../../../evidence/ports.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { createFairSemaphore } from '../../../concurrency/fair-semaphore.ts';
import type { Owners } from '../../../concurrency/shares.ts';
import type { Budget } from '../http/request-budget.ts';
import { type Connection, createConnection, type HttpLibrary } from './connection.ts';
import type { Dial } from './dialer.ts';
import type { Hop } from './endpoint.ts';
import { errorCode, failure, isBrokenAnswer, networkFailure, networkReason, outage } from './failure.ts';
import type { Host, Hosts } from '../http/hosts.ts';
import { type HttpRequest, ownersOf } from '../http/http.ts';
import type { Step } from '../http/redirect.ts';
import { createWireMeters } from '../http/wire-limit.ts';

export interface Sent {
  readonly connection: Connection;
  readonly response: Dispatcher.ResponseData;
}

/** Sends a request over a connection of its host, kept or new. */
export type SendOver = (
  host: Host,
  step: Step,
  request: HttpRequest,
  budget: Budget,
) => Promise<Result<Sent, RegistryFailure>>;

export interface ConnectionParts {
  readonly hosts: Hosts;
  readonly dial: Dial;
  readonly library: () => Promise<HttpLibrary>;
  /** Connections open at one time, of all hosts without a row together. */
  readonly sockets: number;
}

const nothing = (): void => {};
const resets = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

const mayBeUnwanted = '; maybe it does not accept the client certificate of its row';

/** A server that wants another client certificate often says nothing and hangs up. */
const whyClosed = (error: unknown, { settings }: Hop): string =>
  networkReason(error) + (settings.client !== undefined && resets.has(errorCode(error)) ? mayBeUnwanted : '');

const sendFailure = (error: unknown, stage: RegistryStage, hop: Hop): RegistryFailure => {
  const { name } = hop;
  if (errorCode(error) === 'UND_ERR_INVALID_ARG')
    return failure('invalid', stage, name, 'the request holds characters that HTTP does not allow');
  if (isBrokenAnswer(error)) return failure('invalid', stage, name, networkReason(error));
  return { ...networkFailure(stage, name, error), why: whyClosed(error, hop) };
};

const noPlace = (sockets: number, name: string): Result<never, RegistryFailure> => {
  const why = `all ${sockets} connections to registries are taken, or all that one namespace gets of them`;
  return fail(failure('busy', 'queue', name, why));
};

/** Connections of all hosts without a row, shared by namespace (R26). */
const createPlaces = (sockets: number, hosts: Hosts) => {
  const places = createFairSemaphore({ places: sockets, waiting: 0 });
  const releases = new WeakMap<Connection, () => void>();
  return {
    /** A connection that waits for its next request makes way, whoever it was opened for. */
    take: (owners: Owners): (() => void) | undefined => {
      for (;;) {
        const giveBack = places.tryTake(owners);
        const closed = giveBack === undefined ? hosts.closeOneIdle() : undefined;
        if (closed === undefined) return giveBack;
        // Its socket says so only later.
        releases.get(closed)?.();
      }
    },
    holds: (connection: Connection, giveBack: () => void): void => void releases.set(connection, giveBack),
  };
};

export const createSendOver = ({ hosts, dial, library, sockets }: ConnectionParts): SendOver => {
  const meters = createWireMeters();
  const places = createPlaces(sockets, hosts);

  /** Loaded first: an error of a fresh connection must find the client's listeners in place. */
  const loadAndDial = async (hop: Hop, owners: Owners, signal: AbortSignal) => {
    const loaded = await library();
    return { loaded, dialled: await dial(hop, owners, signal) };
  };

  const openConnection = async (
    host: Host,
    { hop }: Step,
    owners: Owners,
    budget: Budget,
  ): Promise<Result<Connection, RegistryFailure>> => {
    // Those of configured hosts are bounded by their concurrency, and not by what images of strangers take (B9).
    const giveBack = hop.settings.configured === true ? nothing : places.take(owners);
    if (giveBack === undefined) return noPlace(sockets, hop.name);
    // A defect below must not keep the place for ever.
    const { loaded, dialled } = await loadAndDial(hop, owners, budget.signal).catch((error: unknown) => {
      giveBack();
      throw error;
    });
    if (!dialled.ok || dialled.value.socket.destroyed) {
      giveBack();
      return dialled.ok ? fail(outage('connect', hop.name, 'the connection was closed at once')) : dialled;
    }
    const { socket } = dialled.value;
    const connection = createConnection(loaded, hop.url.origin, dialled.value, meters.watch(socket));
    places.holds(connection, giveBack);
    socket.once('close', () => {
      giveBack();
      host.forget(connection);
    });
    return ok(connection);
  };

  return async (host, step, request, budget) => {
    const repeatable = request.method !== 'POST';
    let kept = repeatable ? host.takeIdle() : undefined;
    for (;;) {
      const opened =
        kept === undefined ? await openConnection(host, step, ownersOf(request.asker), budget) : ok(kept);
      if (!opened.ok) return opened;
      const connection = opened.value;
      try {
        const { url } = step.hop;
        const { method, body } = request;
        const { signal } = budget;
        const sent = { url, method, headers: step.headers, signal, ...(body === undefined ? {} : { body }) };
        return ok({ connection, response: await connection.send(sent) });
      } catch (error) {
        connection.close();
        // The other side may have closed a kept connection just now: once more, on a new one.
        const again = kept !== undefined && resets.has(errorCode(error)) && budget.givenUp() === undefined;
        if (!again) return fail(sendFailure(error, request.stage, step.hop));
        kept = undefined;
      }
    }
  };
};
