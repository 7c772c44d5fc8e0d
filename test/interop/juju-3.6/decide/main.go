// Command decide asks the code of Juju 3.6 to which version it would upgrade or bootstrap.
package main

import (
	"os"

	"github.com/juju/errors"
	"github.com/juju/loggo"
	"github.com/juju/version/v2"

	"github.com/juju/juju/environs"
	"github.com/juju/juju/environs/config"
	envtools "github.com/juju/juju/environs/tools"

	"jam.test/interop/ask"
)

func main() {
	_ = loggo.ConfigureLoggers("<root>=CRITICAL")
	// Without the default source nothing but the URL of the question is asked.
	envtools.DefaultBaseURL = ""
	os.Exit(ask.DecideMain(decide, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func decide(decision ask.Decision) ask.Verdict {
	env, err := newEnviron(decision)
	if err != nil {
		return ask.Failed(err)
	}
	switch decision.Ask {
	case "bootstrap":
		return bootstrap(decision, env)
	case "upgrade":
		return upgrade(decision, env)
	}
	return ask.Failed(errors.Errorf("unknown question %q", decision.Ask))
}

// environ is a model as far as looking for agents sees it: its configuration.
type environ struct {
	environs.BootstrapEnviron
	config *config.Config
}

func (e environ) Config() *config.Config { return e.config }

func newEnviron(decision ask.Decision) (environs.BootstrapEnviron, error) {
	question := ask.Question{URL: decision.URL, Stream: decision.ConfigStream, Development: decision.Development}
	cfg, err := config.New(config.UseDefaults, question.ModelAttributes())
	return environ{config: cfg}, err
}

// parse is version.Parse; an absent version is 0.0.0.
func parse(text string) (version.Number, error) {
	if text == "" {
		return version.Zero, nil
	}
	return version.Parse(text)
}
