// Command sigstore-verify verifies the Sigstore bundles beside images with sigstore-go: the images that stand on stdin,
// a line each, in a loop without a process for each. It prints one JSON object a line: the image, whether one bundle
// holds, why the last one does not, and the milliseconds from the first request on.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

const maxBundle = 4 << 20

type answer struct {
	Image        string  `json:"image"`
	Valid        bool    `json:"valid"`
	Why          string  `json:"why,omitempty"`
	Milliseconds float64 `json:"milliseconds"`
}

type verifier struct {
	inner  *verify.Verifier
	policy verify.PolicyOption
	// What must be attested; empty: anything that is signed will do, as sigstore-go has it.
	predicateType string
}

func main() {
	key := flag.String("key", "", "PEM file of a public key")
	trustedRoot := flag.String("trusted-root", "", "trusted_root.json; with -identity and -issuer")
	identity := flag.String("identity", "", "subject of the certificate, exact")
	issuer := flag.String("issuer", "", "OIDC issuer, exact")
	predicateType := flag.String("type", "", "predicate type of the statement, a URI")
	flag.Parse()

	made, err := newVerifier(*key, *trustedRoot, *identity, *issuer)
	if err != nil {
		log.Fatal(err)
	}
	made.predicateType = *predicateType
	out := json.NewEncoder(os.Stdout)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		began := time.Now()
		err := made.image(lines.Text())
		one := answer{Image: lines.Text(), Valid: err == nil, Milliseconds: float64(time.Since(began).Microseconds()) / 1000}
		if err != nil {
			one.Why = err.Error()
		}
		if err := out.Encode(one); err != nil {
			log.Fatal(err)
		}
	}
}

func newVerifier(key, trustedRoot, identity, issuer string) (*verifier, error) {
	if key != "" {
		pem, err := os.ReadFile(key)
		if err != nil {
			return nil, err
		}
		public, err := cryptoutils.UnmarshalPEMToPublicKey(pem)
		if err != nil {
			return nil, err
		}
		// Each kind of key with the hash that Sigstore's registry of algorithms names, as cosign signs with it.
		inner, err := signature.LoadDefaultVerifier(public, options.WithED25519ph())
		if err != nil {
			return nil, err
		}
		material := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
			return root.NewExpiringKey(inner, time.Time{}, time.Time{}), nil
		})
		made, err := verify.NewVerifier(material, verify.WithNoObserverTimestamps())
		return &verifier{inner: made, policy: verify.WithKey()}, err
	}
	material, err := root.NewTrustedRootFromPath(trustedRoot)
	if err != nil {
		return nil, err
	}
	who, err := verify.NewShortCertificateIdentity(issuer, "", identity, "")
	if err != nil {
		return nil, err
	}
	made, err := verify.NewVerifier(material, verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1),
		verify.WithSignedCertificateTimestamps(1))
	return &verifier{inner: made, policy: verify.WithCertificateIdentity(who)}, err
}

// image is nil when one bundle beside the image holds.
func (v *verifier) image(text string) error {
	reference, err := name.NewDigest(text)
	if err != nil {
		return err
	}
	index, err := remote.Referrers(reference)
	if err != nil {
		return err
	}
	listed, err := index.IndexManifest()
	if err != nil {
		return err
	}
	err = errors.New("no bundle")
	for _, descriptor := range listed.Manifests {
		if err = v.candidate(reference, descriptor.Digest.String()); err == nil {
			return nil
		}
	}
	return err
}

func (v *verifier) candidate(of name.Digest, digest string) error {
	image, err := remote.Image(of.Context().Digest(digest))
	if err != nil {
		return err
	}
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	if len(layers) != 1 {
		return errors.New("not one layer")
	}
	body, err := layers[0].Compressed()
	if err != nil {
		return err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, maxBundle))
	if err != nil {
		return err
	}
	made := &bundle.Bundle{}
	if err := made.UnmarshalJSON(text); err != nil {
		return err
	}
	subject, err := hex.DecodeString(strings.TrimPrefix(of.DigestStr(), "sha256:"))
	if err != nil {
		return err
	}
	result, err := v.inner.Verify(made, verify.NewPolicy(verify.WithArtifactDigest("sha256", subject), v.policy))
	if err == nil && v.predicateType != "" && result.Statement.GetPredicateType() != v.predicateType {
		return errors.New("another predicate type")
	}
	return err
}
