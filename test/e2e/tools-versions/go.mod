// Orders of versions that the oracles ask: Alpine's and Go's.
module imagegate.dev/e2e/tools-versions

go 1.25.0

require (
	github.com/knqyf263/go-apk-version v0.0.0-20200609155635-041fdbb8563f
	golang.org/x/mod v0.39.0
)
