// Go client of the laboratory: two requests on one connection.
package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"os"
)

func main() {
	http.DefaultTransport.(*http.Transport).TLSClientConfig =
		&tls.Config{InsecureSkipVerify: true}
	for _, path := range os.Args[2:] {
		r, err := http.Get(os.Args[1] + path)
		if err != nil {
			os.Exit(1)
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
}
