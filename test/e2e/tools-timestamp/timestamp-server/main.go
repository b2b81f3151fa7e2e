// Command timestamp-server serves Sigstore's timestamp authority, as its own command does, but without that command's
// metrics on a fixed port and without asking the world for the time. Its chain comes from `/api/v1/timestamp/certchain`.
package main

import (
	"flag"
	"log"
	"time"

	"github.com/sigstore/timestamp-authority/v2/pkg/server"
	"github.com/spf13/viper"
)

func main() {
	port := flag.Int("port", 0, "port of 127.0.0.1 to listen on")
	key := flag.String("signer", "", "PEM file of the key; with -chain. A new key in memory unless told")
	chain := flag.String("chain", "", "PEM file: the certificate of the key first, the root last")
	flag.Parse()

	for name, value := range map[string]any{
		"timestamp-signer":         "memory",
		"timestamp-signer-hash":    "sha256",
		"default-policy-oid":       "1.3.6.1.4.1.57264.2",
		"accepted-policy-oids":     []string{"1.3.6.1.4.1.57264.2"},
		"enforce-intermediate-eku": true,
		"max-request-body-size":    1 << 20,
	} {
		viper.Set(name, value)
	}
	if *key != "" {
		viper.Set("timestamp-signer", "file")
		viper.Set("file-signer-key-path", *key)
		viper.Set("certificate-chain-path", *chain)
	}
	authority := server.NewRestAPIServer("127.0.0.1", *port, []string{"http"}, false, 30*time.Second, 30*time.Second)
	log.Fatal(authority.Serve())
}
