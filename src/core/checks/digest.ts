/*
 * digest.require, digest.pin
 *
 * Reads:   the digest in the text of the image. `pin` reads it in Pods alone: `/mutate` changes nothing else.
 * Allows:  a text with a digest, with or without a tag beside it.
 * Refuses: digest-missing
 */
import { shown } from '../text/shown-text.ts';
import { formatReference } from '../image/reference.ts';
import { pass, type Check } from './check.ts';

/**
 * `digest.require`: the image is named by digest, so that the bytes cannot change between our look and the
 * kubelet's pull (B1: CVE-2022-47633).
 */
export const digestCheck: Check = {
  id: 'digest',
  run: (image) => {
    if (image.digest !== undefined) return pass;
    return [
      {
        code: 'digest-missing',
        message: `image '${shown(image.given)}' is not named by digest`,
        detail: `${shown(formatReference(image))} is a tag, and a tag can be moved to other bytes at any time`,
        remedy: 'write name:tag@sha256:…; `crane digest NAME` or `skopeo inspect` prints the digest',
      },
    ];
  },
};

/**
 * `digest.pin`: the gate adds the digest to Pods at `/mutate`. What reaches `/validate` without one was not changed by
 * us, or was changed back: nothing in the object is trusted to say otherwise (B1, B16, B22).
 */
export const pinCheck: Check = {
  id: 'digest',
  podsOnly: true,
  run: (image) => {
    if (image.digest !== undefined) return pass;
    return [
      {
        code: 'digest-missing',
        message: `image '${shown(image.given)}' was not pinned to a digest`,
        detail:
          `${shown(formatReference(image))} is a tag; the policy has the gate add the digest to Pods, and it was not ` +
          'added: `/mutate` could not learn it, the mutating webhook is not in place, or the Pod is the mirror of a static one',
        remedy:
          'write name:tag@sha256:… yourself; `imagegate check image NAME` says whether the digest can be learned, and why not',
      },
    ];
  },
};
