import type { Dispatcher } from 'undici';
import type { RegistryFailure, RegistryStage } from '../../evidence/ports.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Budget } from './budget.ts';
import { type Connection, createConnection, type HttpLibrary } from './connection.ts';
import type { Dial } from './dialer.ts';
import type { Hop } from './endpoint.ts';
import { errorCode, failure, isBrokenAnswer, networkReason } from './failure.ts';
import type { Host, Hosts } from './hosts.ts';
import type { HttpRequest } from './http.ts';
import type { Step } from './redirect.ts';
import { createWireMeters } from './wire-meter.ts';

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

const resets = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

const mayBeUnwanted = '; maybe it does not accept the client certificate of its row';

/** A server that wants another client certificate often says nothing and hangs up. */
const whyClosed = (error: unknown, { settings }: Hop): string =>
  networkReason(error) + (settings.client !== undefined && resets.has(errorCode(error)) ? mayBeUnwanted : '');

const sendFailure = (error: unknown, stage: RegistryStage, hop: Hop): RegistryFailure => {
  const { name } = hop;
  if (errorCode(error) === 'UND_ERR_INVALID_ARG')
    return failure('invalid', stage, name, 'the request holds characters that HTTP does not allow');
  return failure(isBrokenAnswer(error) ? 'invalid' : 'unreachable', stage, name, whyClosed(error, hop));
};

export const createSendOver = ({ hosts, dial, library, sockets }: ConnectionParts): SendOver => {
  const meters = createWireMeters();
  let open = 0;

  /** Loaded first: an error of a fresh connection must find the client's listeners in place. */
  const loadAndDial = async (hop: Hop, signal: AbortSignal) => {
    const loaded = await library();
    return { loaded, dialled: await dial(hop, signal) };
  };

  const openConnection = async (
    host: Host,
    { hop }: Step,
    budget: Budget,
  ): Promise<Result<Connection, RegistryFailure>> => {
    // Those of configured hosts are bounded by their concurrency, and not by what images of strangers take (B9).
    const counted = hop.settings.configured === true ? 0 : 1;
    if (counted > 0 && open >= sockets && !hosts.closeOneIdle())
      return fail(
        failure('unreachable', 'queue', hop.name, `all ${sockets} connections to registries are taken`),
      );
    open += counted;
    // A defect below must not keep the place for ever.
    const { loaded, dialled } = await loadAndDial(hop, budget.signal).catch((error: unknown) => {
      open -= counted;
      throw error;
    });
    if (!dialled.ok || dialled.value.socket.destroyed) {
      open -= counted;
      return dialled.ok
        ? fail(failure('unreachable', 'connect', hop.name, 'the connection was closed at once'))
        : dialled;
    }
    const { socket } = dialled.value;
    const connection = createConnection(loaded, hop.url.origin, dialled.value, meters.watch(socket));
    socket.once('close', () => {
      open -= counted;
      host.forget(connection);
    });
    return ok(connection);
  };

  return async (host, step, request, budget) => {
    const repeatable = request.method !== 'POST';
    let kept = repeatable ? host.takeIdle() : undefined;
    for (;;) {
      const opened = kept === undefined ? await openConnection(host, step, budget) : ok(kept);
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
