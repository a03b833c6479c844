// Asks for a page with net/http and Go's own roots, which are the system's.
package main

import (
	"io"
	"net/http"
	"os"
)

func main() {
	answer, err := http.Get(os.Args[1])
	if err != nil {
		os.Stdout.WriteString(err.Error())
		os.Exit(1)
	}
	io.Copy(os.Stdout, answer.Body)
}
