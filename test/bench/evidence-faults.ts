import type { Fault, FaultScope } from '../fakes/registry/registry-fault.ts';
import {
  challenge,
  endlessPages,
  flipping,
  gzipBomb,
  lyingDigest,
  redirect,
  redirectLoop,
  status,
  tooManyRequests,
} from '../fakes/registry/registry-faults.ts';
import { image } from '../fakes/registry/registry-content.ts';
import {
  delayed,
  dripping,
  flooding,
  garbage,
  reset,
  silence,
  truncated,
  wrongLength,
} from '../fakes/registry/registry-wire-faults.ts';

interface BenchFault {
  readonly scope: FaultScope;
  readonly play: () => Fault;
}
const all: FaultScope = { path: /^\/v2\// };
const manifests: FaultScope = { path: '/manifests/' };
const blobs: FaultScope = { path: '/blobs/' };
const gibibyte = 1024 ** 3;

/** How a registry tries to make us wait, to make us large, or to lead us astray. */
export const faults = {
  'says nothing': { scope: all, play: () => silence() },
  'answers after a minute': { scope: all, play: () => delayed(60_000) },
  'drips one byte every 50 ms': { scope: all, play: () => dripping(1, 50) },
  'manifest without an end': { scope: manifests, play: () => flooding().fault },
  'manifest of 8 GiB, announced': {
    scope: manifests,
    play: () => flooding({ bytes: 8 * gibibyte, contentLength: 8 * gibibyte }).fault,
  },
  'config without an end': { scope: blobs, play: () => flooding().fault },
  'gzip bomb of 256 MiB as manifest': { scope: manifests, play: () => gzipBomb(gibibyte / 4) },
  'gzip bomb of 256 MiB as config': { scope: blobs, play: () => gzipBomb(gibibyte / 4) },
  'truncated manifest': { scope: manifests, play: () => truncated(100) },
  'truncated config': { scope: blobs, play: () => truncated(100) },
  'wrong length': { scope: blobs, play: () => wrongLength(1_000_000) },
  'reset within the body': { scope: all, play: () => reset(50) },
  'no HTTP': { scope: all, play: () => garbage() },
  '429 storm': { scope: all, play: () => tooManyRequests(1) },
  '503 storm': { scope: all, play: () => status(503) },
  'lies in Docker-Content-Digest': {
    scope: manifests,
    play: () => lyingDigest(image({ user: '1' }).digest),
  },
  'flips manifests': {
    scope: manifests,
    play: () => flipping(image({ user: '1' }), image({ user: '2' })),
  },
  'redirects to the metadata service': {
    scope: all,
    play: () => redirect('http://169.254.169.254/latest/meta-data/iam'),
  },
  'redirects to itself': { scope: all, play: () => redirectLoop() },
  'realm on another host': {
    scope: all,
    play: () => challenge('Bearer realm="https://127.0.0.2:9/token",service="registry"'),
  },
  'pages without an end': { scope: { path: '/referrers/' }, play: () => endlessPages() },
} as const satisfies Readonly<Record<string, BenchFault>>;
export type FaultName = keyof typeof faults;
