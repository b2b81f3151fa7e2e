// Command go-versions reads lines "one<TAB>other" and says which comes first: "<", "=", ">", or "?" when it can not read
// one of them. Its argument is "apk" or "go".
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"strings"

	apk "github.com/knqyf263/go-apk-version"
	"golang.org/x/mod/semver"
)

const signs = "<=>"

func compareApk(one, other string) (int, bool) {
	left, leftErr := apk.NewVersion(one)
	right, rightErr := apk.NewVersion(other)
	return left.Compare(right), leftErr == nil && rightErr == nil
}

func compareGo(one, other string) (int, bool) {
	return semver.Compare(one, other), semver.IsValid(one) && semver.IsValid(other)
}

func main() {
	compare := map[string]func(string, string) (int, bool){"apk": compareApk, "go": compareGo}[os.Args[1]]
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		one, other, found := strings.Cut(lines.Text(), "\t")
		if !found {
			log.Fatal("a line is not a pair")
		}
		if order, readable := compare(one, other); readable {
			fmt.Print(signs[order+1 : order+2])
		} else {
			fmt.Print("?")
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
