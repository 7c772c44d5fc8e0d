// Command interop asks the code of Juju 2.9 what it makes of a tree of agent metadata.
package main

import (
	"context"
	"net/http"
	"os"

	"github.com/juju/errors"
	jujuhttp "github.com/juju/http/v2"
	"github.com/juju/loggo"

	envtools "github.com/juju/juju/environs/tools"
	"github.com/juju/juju/tools"
	jujuversion "github.com/juju/juju/version"

	"jam.test/interop/ask"
)

func main() {
	juju := ask.Juju{
		Version:    jujuversion.Current.String(),
		Find:       find,
		Sync:       syncAgents,
		Get:        get,
		IsNotFound: isNotFound,
		Solve:      solve,
		Log:        loggo.ConfigureLoggers,
	}
	os.Exit(ask.Main(juju, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// isNotFound is what FindToolsForCloud's callers take for "there is none".
// Source: juju environs/tools/tools.go convertToolsError.
func isNotFound(err error) bool {
	return errors.IsNotFound(err) || err == envtools.ErrNoTools || err == tools.ErrNoMatches
}

// get is the client of apiserver/tools.go fetchAndCacheTools.
func get(url string) (*http.Response, error) {
	return jujuhttp.NewClient(jujuhttp.WithSkipHostnameVerification(true)).Get(context.Background(), url)
}
