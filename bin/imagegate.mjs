#!/usr/bin/env node
// Imports nothing before the Node version is known: an older Node could not even read the rest (R22).
const floor = [24, 15];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const handedOver = 'NODE_HANDED_OVER_BY_IMAGEGATE';

if (major > floor[0] || (major === floor[0] && minor >= floor[1])) {
  await import('../dist/main.mjs').catch(async (error) => {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.message).includes('dist/main.mjs'))
      throw error;
    process.stderr.write('imagegate: this checkout is not built; run: npm ci\n');
    process.exit(2);
  });
} else {
  await handOver();
}

/** Runs the same command on the Node that npm installed beside us; signals and the exit code are passed on. */
async function handOver() {
  const { existsSync } = await import('node:fs');
  const { spawn } = await import('node:child_process');
  const { fileURLToPath } = await import('node:url');
  const own = ['../node_modules/.bin/node', '../../.bin/node']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path));
  if (own === undefined || process.env[handedOver] !== undefined) {
    process.stderr.write(
      `imagegate: Node ${floor.join('.')} or newer is needed, this is ${process.versions.node}; install a newer Node, or run npm ci in the checkout\n`,
    );
    process.exit(2);
  }
  // Before the spawn: a signal that came just after it would end this process alone, and nobody would end the command.
  let child;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child = spawn(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, [handedOver]: '1' },
  });
  child.on('error', (error) => {
    process.stderr.write(`imagegate: could not start ${own}: ${error.message}\n`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 2);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
