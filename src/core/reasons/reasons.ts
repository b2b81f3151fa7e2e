import type { FindingCode, Reason, SkipCode } from './reason.ts';
import { constraintReasons } from './constraint-reasons.ts';
import { vulnerabilityReasons } from './vulnerability-reasons.ts';

/** One entry for each code that a finding or a skipped request can carry. */
export const reasons: Readonly<Record<FindingCode | SkipCode, Reason>> = {
  'invalid-reference': {
    title: 'The image name is not valid',
    meaning:
      'The text is no image reference by the grammar that registries and runtimes use, so nobody can say which image it ' +
      'would start. It is a finding of every policy that covers the workload.',
    fix: 'Correct the part that the detail names. A reference is `host/path:tag` or `host/path@sha256:…` with a lower case path.',
  },
  unmatched: {
    title: 'No policy speaks about the image',
    meaning:
      'At least one policy covers the namespace, but the image is outside the `match.images` of all of them, so nobody ' +
      'consented to it. In a namespace that no policy covers it is only recorded.',
    fix: 'Widen `match.images` of a policy or add a policy for the image; `serve --unmatched allow` lets such images through everywhere.',
  },
  'registry-not-allowed': {
    title: 'The image is not from a trusted registry',
    meaning: 'The image matches no pattern of `allow` and none of `platform` in a `registries` check.',
    fix:
      'Use the image from one of the registries that the finding lists, for example after copying it there. If the ' +
      'registry should be trusted, ask the owner of the policy to add a pattern to `allow`. An image has to be in every ' +
      'allow list that covers its namespace: where two have no image in common, as `imagegate policy lint` shows, the ' +
      'owner has to write them into one.',
  },
  'registry-denied': {
    title: 'The image is from a denied registry',
    meaning:
      'The image matches a pattern of `deny` in a `registries` check. Deny wins over `allow` and `platform`.',
    fix: 'Use the image from another registry. If the pattern is too wide, ask the owner of the policy to narrow it.',
  },
  'host-missing': {
    title: 'The image names no registry host',
    meaning:
      'The policy has `requireHost: true` and the image is a short name such as `nginx`. CRI-O and Podman resolve short ' +
      'names from a list on each node, so the gate cannot know where it would be pulled from.',
    fix: 'Write the full name; for an image of Docker Hub `docker.io/library/nginx:1.29`.',
  },
  'digest-missing': {
    title: 'The image is not named by digest',
    meaning:
      'The policy has `digest: { require: true }` and the image is named by tag only. A tag can be moved to other bytes. With ' +
      '`digest: { pin: true }` it is said of a Pod to which the gate could not add the digest.',
    fix:
      'Add the digest: `name:tag@sha256:…`. `crane digest NAME` or `docker buildx imagetools inspect NAME` prints it, and ' +
      'most CI and GitOps tools can write it for you. With `pin`, `imagegate check image NAME` says why the digest could ' +
      'not be learned; where it can be, the mutating webhook is not in place. The mirror of a static Pod is never pinned: ' +
      'write the digest into the file on its node.',
  },
  'tag-denied': {
    title: 'The tag may not be used',
    meaning:
      'The tag is in the `deny` list of a `tags` check. An image with neither tag nor digest counts as `latest`: that is ' +
      'what the runtime would pull.',
    fix: 'Name a version tag, or better a digest.',
  },
  'image-unavailable': {
    title: 'The image could not be looked at',
    meaning:
      'A check needs to know the manifest or the config of the image, and they could not be read: the registry did not ' +
      'answer in time, refused every credential, or answered something that cannot be true. Not knowing is never a pass. ' +
      'What it does under Deny is up to `onUnavailable` of the policy when the registry or its token server is down: no ' +
      'connection, no answer at all, or 5xx. All else stays refused under every setting: what whoever creates Pods or ' +
      'pushes images can bring about is no outage. With `"final": true` the image was read and cannot be judged (broken, ' +
      'ambiguous, no image, too large): a check then ends with 1 and not with 3, because looking again changes nothing.',
    fix:
      'The detail names the host, the step and the credentials that were tried, and the fix beside it says what to do ' +
      'about this cause. A registry that refuses whoever shows no login does not tell whether the image exists: look at ' +
      'its name first. `staleFor` lets the last result of a tag stand in during an outage.',
  },
  'image-absent': {
    title: 'The image does not exist',
    meaning: 'The registry was asked and has no such image, so no node could pull it either.',
    fix: 'Correct the name, the tag or the digest, or push the image first.',
  },
  'image-user-root': {
    title: 'The image runs as root',
    meaning:
      'The user in the config of the image is empty, 0 or root, and the policy has `user: NonRoot`; with `NonRootNumeric` ' +
      'also a name, because a name may stand for 0 inside the image. An index fails when one platform that is judged does.',
    fix: 'Build the image with a user of its own, best a number: `USER 65532`. The finding names the platforms.',
  },
  'image-too-old': {
    title: 'The image is too old',
    meaning:
      'The image was created longer ago than `maxAge` of the policy allows, by the time that its builder wrote.',
    fix: 'Build the image again on a current base, or use a newer release.',
  },
  'image-too-new': {
    title: 'The image is too new',
    meaning:
      'The image was created more recently than `minAge` of the policy allows. Releases of others that were tampered with ' +
      'are mostly found out within days.',
    fix: 'Use the release before it, or wait. If it repairs something urgent, ask the owner of the policy for an exemption.',
  },
  'image-time-unknown': {
    title: 'The image does not say how old it is',
    meaning:
      'The policy asks for an age (`maxAge`, `minAge`), and the image names no time of creation that can be true: before ' +
      '2013 there were no images, and what lies in the future has not happened. Builds that are reproducible often write ' +
      '0001, 1970 or 1980. The gate takes the first time that can be true of `created` in the config, and ' +
      '`org.opencontainers.image.created` as annotation of the manifest, as label, and as annotation of the index.',
    fix:
      'An own image: set `SOURCE_DATE_EPOCH` to the time of the commit, or the label `org.opencontainers.image.created`. An ' +
      'image of others: ask the owner of the policy for `unknownTime: Warn` or `Allow`, best in a policy of its own whose ' +
      '`match.images` names these images.',
  },
  'image-label': {
    title: 'The labels of the image do not fit',
    meaning:
      'A label that `labels` requires is missing or has another value, a forbidden one is there, or the label binds the ' +
      'image to namespaces with a certain label and this is none of them.',
    fix: 'Build the image with the label that the finding names, or run it in a namespace that it is meant for.',
  },
  'image-platform': {
    title: 'The platform of the image does not fit',
    meaning:
      'The image is for a platform that `platforms` does not allow, or it is not there for one that `multiArch.platforms` names.',
    fix: 'Use or build an image for the platforms that the finding names.',
  },
  'image-too-large': {
    title: 'The image is too large',
    meaning: 'What a node would pull for one platform, compressed, is more than `maxSize` of the policy.',
    fix: 'Build a smaller image: a smaller base, several build stages, data in a volume.',
  },
  'signature-missing': {
    title: 'The image is not signed',
    meaning:
      'A check wants a signature of this digest. The gate looked at every place (the tags of cosign, the ' +
      'Referrers API and its fallback tag), and there is nothing.',
    fix:
      'Sign the digest: `cosign sign --key cosign.key NAME@sha256:…`. If it was signed, look for it in this order. A copy in ' +
      'another registry has no signatures unless they were copied too: `oras cp -r` does (`cosign copy` knows no bundles), `docker pull` and ' +
      '`docker push` and most mirrors do not. `cosign sign` of an index signs the index alone: a workload that names an image ' +
      'behind it finds nothing, so name the index or sign with `cosign sign --recursive`. What GitHub shows under Attestations stands in ' +
      "GitHub's API; `push-to-registry: true` of actions/attest puts it beside the image too.",
  },
  'signature-untrusted': {
    title: 'The image is signed by somebody else',
    meaning:
      'There are signatures, and none is by a key or identity that the check names. Anybody may sign an image; only those ' +
      'whom the policy names count.',
    fix:
      'The detail names who signed. Have an authority of the policy sign the digest; or, where the signer is right (a new key, ' +
      'a renamed workflow), ask the owner of the policy to add it beside the old one; where the detail names a log, a ' +
      'timestamp authority or a certificate authority that the trust root does not know, compare it with a newer trust root.',
  },
  'signature-invalid': {
    title: 'The signature is not valid',
    meaning:
      'A candidate came near and failed: its bytes were changed, its certificate, log entry or timestamp does not fit, or it ' +
      'cannot be read at all. The detail names the step.',
    fix: 'Sign the digest again. If a tool made it just now, compare the version of the tool with docs/policy.md, and report it.',
  },
  'signature-mismatch': {
    title: 'The signature is about something else',
    meaning:
      'A signature or attestation stands beside the image and names another digest, another name or other annotations than ' +
      'the policy wants; or what was found is of another kind: an attestation is no signature.',
    fix: 'Sign the digest that the workload names. The detail shows what the signed bytes say.',
  },
  'signature-not-logged': {
    title: 'Nothing stands behind the signature',
    meaning:
      'The right signer signed, and the policy wants more: entries in transparency logs, timestamps, or a log that holds the ' +
      'certificate (`require`). Logs and authorities of the trust root count, each once, however many entries they have.',
    fix:
      'Sign again with a tool that uploads to the log and asks for a timestamp; the detail says what is missing. cosign up to ' +
      'version 3 leaves the log out with `cosign sign --tlog-upload=false`.',
  },
  'signature-expired': {
    title: 'The time of the signature does not fit',
    meaning:
      'The right signer signed, and not at a time that counts: outside of `validFrom` and `validUntil`, when the certificate ' +
      'was not valid, longer ago than `maxAge`, or at a time that nobody vouches for.',
    fix:
      'Sign the digest again. A log entry of Rekor v2 holds no time: have a timestamp authority date the signature too. After a ' +
      'key was replaced, sign what still runs with the new one.',
  },
  'signature-revoked': {
    title: 'The policy revokes the image or its signature',
    meaning:
      'The digest stands in `revoked.images`, or the certificate of the signature in `revoked.certificates`.',
    fix: 'Use another release. Who keeps the policy knows why it was revoked.',
  },
  'signature-threshold': {
    title: 'Too few have signed the image',
    meaning:
      'The check wants signatures of several authorities. Each needs a key or identity of its own: one that two authorities ' +
      'name counts once.',
    fix: 'Have the missing ones sign the same digest. The message says how many there are.',
  },
  'signature-limit': {
    title: 'Too much stands beside the image',
    meaning:
      'There are more candidates than the gate reads, or one is too large, takes too long or stands where nothing can be read ' +
      '(a fallback tag that is no index), and what was read is not enough. ' +
      'Whoever may push to the repository can cause this, so `onUnavailable` never excuses it.',
    fix:
      'Look at what stands beside the image (`oras discover`) and remove what does not belong there. Signatures in a ' +
      'repository of their own, which fewer people may push to, do not have the problem.',
  },
  'signature-unavailable': {
    title: 'The signatures could not be looked at',
    meaning:
      'What was found is not enough, and a place where more may stand could not be read: a registry did not answer, refused ' +
      'the credential, or a trust root that the policy names is not there. Not knowing is never a pass. What it does under ' +
      'Deny is up to `onUnavailable` of the policy when the registry is down, as for `image-unavailable`.',
    fix: 'The detail names the place and the cause. Signatures that were found valid before the outage stay in use for a day.',
  },
  'attestation-missing': {
    title: 'Nothing of this type is attested',
    meaning:
      'The gate looked at every place, and there is no attestation of the type that the check names. The detail names those of ' +
      'other types. Behind an index each image needs its own.',
    fix:
      'Attest the digest with `cosign attest` or `actions/attest`. What BuildKit attested counts when the index that holds it is ' +
      'signed, the workload names that index, and `multiArch` of the policy is other than `reference`. What GitHub shows under ' +
      'Attestations stands in ' +
      "GitHub's API: `push-to-registry: true` puts it beside the image too. A copy in another registry needs its attestations " +
      'copied (`oras cp -r`). Compare the type: provenance is `slsaprovenance1` or `slsaprovenance02`.',
  },
  'attestation-condition': {
    title: 'The attestation does not say what the policy wants',
    meaning:
      'The right authority attested, and what it says does not meet `provenance` or `expression` of the check. With `Newest` or ' +
      '`All` another attestation that does is not enough.',
    fix: 'The detail names the value that differs, or says that the expression is false. Build the image as the policy wants it.',
  },
  'attestation-error': {
    title: 'The expression could not be evaluated',
    meaning:
      'The right authority attested, and the expression of the check met something that it was not written for: a field that is not ' +
      'there, a value of another type, or more work than an expression may cause. An error is never a pass.',
    fix:
      'Have the owner of the policy write the expression for what is really attested: `has(predicate.x)` asks whether a field is ' +
      'there.',
  },
  ...vulnerabilityReasons,
  'bytes-not-pinned': {
    title: 'What was judged is not pinned',
    meaning:
      'A check looked at the bytes behind a tag, and the policy has no `digest` check. The tag can be moved between this ' +
      'look and the pull, so what runs may be something else. It is only recorded and never refuses anything.',
    fix: 'Add `digest: { pin: true }` or `digest: { require: true }` to the policy.',
  },
  ...constraintReasons,
  'not-judged': {
    title: 'The kind of object is not known',
    meaning:
      'The gate has no row for this kind and cannot tell whether it starts images. It is allowed with a warning, or ' +
      'refused with `serve --unknown-kinds deny`. The Pods that come out of it are judged in any case.',
    fix: 'Declare where the kind keeps its pod specs or images under `workloads` in the configuration file, as docs/workloads.md shows; `images: []` says that it has none. Or stop sending the kind to the gate.',
  },
  'malformed-request': {
    title: 'The request or the object cannot be read',
    meaning:
      'The admission request contradicts its object, or a pod spec in it does not have the shape that Kubernetes ' +
      'defines. What cannot be read is never allowed.',
    fix: 'Compare the field that the detail names with `kubectl explain`. If the API server itself sent it for a legal object, report a bug.',
  },
  'too-large': {
    title: 'The request is over a size limit',
    meaning:
      'The body, its nesting or its number of values is beyond what the gate reads, so that one request cannot hold up all others.',
    fix: 'Make the object smaller: large data belongs in a ConfigMap, Secret or volume. docs/operations.md lists the limits.',
  },
  'too-many-images': {
    title: 'The object has too many images',
    meaning:
      'The object names more images than the gate judges in one request, all kinds of containers and image volumes counted.',
    fix: 'Split the workload into several.',
  },
  overloaded: {
    title: 'The gate is busy',
    meaning:
      'More requests were in flight than the gate takes at a time, so this one was refused unread instead of being answered too late.',
    fix: 'Try again; controllers do so by themselves. If it stays, add replicas and look at the metrics of the gate.',
  },
  'policies-unavailable': {
    title: 'The policies are not known',
    meaning:
      'No policy set was loaded yet, or a policy of the cluster cannot be used and no good revision of it is known. ' +
      'What the policies would say is unknown, so the request is refused.',
    fix:
      'Look at `/readyz` and the log of the gate, and at `kubectl get imagepolicies.imagegate.dev -o wide`: the condition Accepted ' +
      'names the policy and the field that is wrong.',
  },
  'policy-invalid': {
    title: 'The ImagePolicy is not valid',
    meaning:
      'An ImagePolicy that is being written has a field that does not exist, a value that is not allowed, or a check that ' +
      'this version cannot run. Stored like this it would not do what it says.',
    fix: 'Correct the field that the finding names; `imagegate policy lint` finds the same before it reaches the cluster.',
  },
  'trust-root-invalid': {
    title: 'The TrustRoot is not valid',
    meaning:
      'A TrustRoot that is being written has a field that does not exist, or a content that cannot be used: a certificate ' +
      'or key that cannot be read, a chain that does not hold, an entry that does not say when it begins to be valid. ' +
      'Stored like this, it would be of no use to the policies that name it.',
    fix: 'Correct what the finding names; `imagegate trust verify` finds the same before it reaches the cluster.',
  },
  'namespace-unavailable': {
    title: 'The labels of the namespace are not known',
    meaning:
      'A policy selects namespaces by label and the labels could not be read, so the policy was applied as if it ' +
      'matched, and its checks failed. An image that passes them is allowed. The same is said when labels of the image are ' +
      'compared with labels of the namespace (`labels.namespaceLabels`) and those could not be read.',
    fix:
      'Correct the other findings, or make the labels known: look at the connection of the gate to the API server; with ' +
      '`check`, pass `--namespace-labels` or the Namespace objects.',
  },
  'namespace-escape': {
    title: 'The label change takes the namespace out of a policy',
    meaning:
      'A policy in mode Deny selects this namespace by its labels, and with the new labels it would no longer cover it.',
    fix: 'Leave the labels that the policy selects by, or have somebody of `serve --admins` make the change.',
  },
  'deadline-exceeded': {
    title: 'The decision was not ready in time',
    meaning:
      'Something that the decision needs did not answer within the time that the API server gives. Not knowing is never a pass.',
    fix: 'Try again. If it stays, the detail says what was slow; look there first, then at `timeoutSeconds` of the webhook.',
  },
  'internal-error': {
    title: 'The gate failed',
    meaning:
      'The gate met something that it was not written for. The request is refused, because it was not judged.',
    fix: 'Report a bug with the line that the log has under the id of the decision.',
  },
  unchanged: {
    title: 'No image changed',
    meaning:
      'An update in which every image stands at the same place with the same text as before. Its image checks are ' +
      'skipped, so that finalizers, scaling and labels of running workloads are never blocked.',
    fix: 'Nothing to do. Any change of an image, or of its place, is judged.',
  },
  subresource: {
    title: 'The subresource starts no image',
    meaning: 'A request for `status` or `scale`: neither can bring in an image.',
    fix: 'Nothing to do.',
  },
  operation: {
    title: 'The operation starts no image',
    meaning: 'A DELETE or CONNECT: neither can bring in an image, and deletion must never be blocked.',
    fix: 'Nothing to do.',
  },
  excluded: {
    title: 'The namespace is excluded from constraints',
    meaning:
      'The Config of Gatekeeper names the namespace in `excludedNamespaces`, so no constraint was asked, and nothing else judged ' +
      'the request.',
    fix: 'Nothing to do if that is meant; otherwise look at `kubectl get config.config.gatekeeper.sh -A`.',
  },
  'no-policy': {
    title: 'No policy covers the namespace',
    meaning: 'There is no policy whose `match` covers the workload, so there was nothing to judge by.',
    fix: 'Nothing to do if that is meant; otherwise look at `match.namespaces` and the selectors of your policies.',
  },
};
