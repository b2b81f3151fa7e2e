// Command go-htpasswd reads lines "user:password" and writes them with bcrypt hashes, the one form that docker-registry reads.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		user, password, found := strings.Cut(lines.Text(), ":")
		if !found {
			log.Fatal("a line is not user:password")
		}
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s:%s\n", user, hash)
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
