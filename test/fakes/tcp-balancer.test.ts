import { createServer as createHttpServer } from 'node:http';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startTcpBalancer, type TcpBalancer } from './tcp-balancer.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

describe('the TCP balancer', () => {
  it('takes the backends in turn', async () => {
    const balancer = await balance(await echo('a'), await echo('b'));
    expect(await ask(balancer, 4)).toEqual(['a:hi', 'b:hi', 'a:hi', 'b:hi']);
    expect(balancer.counts()).toEqual([2, 2]);
  });

  it('passes over a dead backend', async () => {
    const [first, second] = [await echo('a'), await echo('b')];
    const balancer = await balance(first, second);
    await first.close();
    expect(await ask(balancer, 3)).toEqual(['b:hi', 'b:hi', 'b:hi']);
  });

  it('leaves a backend alone that says that it is not ready, though it still answers', async () => {
    const [first, second] = [await echo('a'), await echo('b')];
    let status = 503;
    const probed = Promise.withResolvers<void>();
    const readyz = createHttpServer((_, response) => {
      response.writeHead(status).end(() => probed.resolve());
    });
    await new Promise<void>((resolve) => readyz.listen(0, '127.0.0.1', resolve));
    open.push({
      close: () => {
        readyz.closeAllConnections();
        return new Promise((resolve) => readyz.close(resolve));
      },
    });
    const url = `http://127.0.0.1:${(readyz.address() as AddressInfo).port}/readyz`;
    const balancer = await balance({ ...first, readyz: url }, second);
    await probed.promise;
    await expect.poll(() => ask(balancer, 2)).toEqual(['b:hi', 'b:hi']);
    status = 200;
    await expect.poll(() => ask(balancer, 2)).toContain('a:hi');
  });

  it('resets the client when a backend dies in the middle, and when all are dead', async () => {
    const only = await echo('a', { silent: true });
    const balancer = await balance(only);
    const waiting = ask(balancer, 1);
    await only.accepted;
    await only.close();
    expect(await waiting).toEqual(['closed']);
    expect(await ask(balancer, 1)).toEqual(['closed']);
  });
});

interface Echo {
  readonly port: number;
  readonly accepted: Promise<unknown>;
  close(): Promise<unknown>;
}

const echo = async (name: string, { silent = false } = {}): Promise<Echo> => {
  const sockets = new Set<Socket>();
  const accepted = Promise.withResolvers<void>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (data) => {
      accepted.resolve();
      if (!silent) socket.end(`${name}:${data.toString()}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  open.push({ close });
  return { port: (server.address() as AddressInfo).port, accepted: accepted.promise, close };
};

const balance = async (...backends: { port: number; readyz?: string }[]): Promise<TcpBalancer> => {
  const balancer = await startTcpBalancer(
    backends.map(({ port, readyz }) => ({ host: '127.0.0.1', port, ...(readyz && { readyz }) })),
  );
  open.push(balancer);
  return balancer;
};

const ask = async (balancer: TcpBalancer, times: number): Promise<string[]> => {
  const answers: string[] = [];
  for (let i = 0; i < times; i++) {
    answers.push(
      await new Promise((resolve) => {
        let got = '';
        const socket = connect(balancer.port, '127.0.0.1', () => socket.write('hi'));
        socket.on('data', (data) => (got += data.toString()));
        socket.on('error', () => undefined);
        socket.once('close', () => resolve(got || 'closed'));
      }),
    );
  }
  return answers;
};
