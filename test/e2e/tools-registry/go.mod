// Small real parts of the end-to-end tests: a registry that has the Referrers API, and bcrypt for docker-registry.
module imagegate.dev/e2e/tools-registry

go 1.25.0

require (
	github.com/google/go-containerregistry v0.22.1
	golang.org/x/crypto v0.47.0
)
