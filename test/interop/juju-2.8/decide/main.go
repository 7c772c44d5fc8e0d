// Command decide asks the code of Juju 2.8 which version it would bootstrap. Up to 2.9.32 it is the client command
// that decides on upgrades, in code that cannot be called from outside.
package main

import (
	"os"

	"github.com/juju/errors"
	"github.com/juju/loggo"
	"github.com/juju/version"

	"github.com/juju/juju/environs"
	"github.com/juju/juju/environs/config"
	"github.com/juju/juju/environs/simplestreams"
	envtools "github.com/juju/juju/environs/tools"
	"github.com/juju/juju/tools"
	jujuversion "github.com/juju/juju/version"

	"jam.test/interop/ask"
)

func main() {
	_ = loggo.ConfigureLoggers("<root>=CRITICAL")
	// Without the default source nothing but the URL of the question is asked.
	envtools.DefaultBaseURL = ""
	os.Exit(ask.DecideMain(decide, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// environ is a model as far as looking for agents sees it: its configuration.
type environ struct {
	environs.BootstrapEnviron
	config *config.Config
}

func (e environ) Config() *config.Config { return e.config }

func decide(decision ask.Decision) ask.Verdict {
	question := ask.Question{URL: decision.URL, Stream: decision.ConfigStream, Development: decision.Development}
	cfg, err := config.New(config.UseDefaults, question.ModelAttributes())
	if err != nil {
		return ask.Failed(err)
	}
	if decision.Ask != "bootstrap" {
		return ask.Failed(errors.Errorf("unknown question %q", decision.Ask))
	}
	return bootstrap(decision, environ{config: cfg})
}

// bootstrap is written after Juju's source, which exports no part of it small enough: cmd/juju/commands/bootstrap.go
// Init, environs/bootstrap/bootstrap.go bootstrapIAAS and getBootstrapToolsVersion, environs/bootstrap/tools.go
// findPackagedTools and findBootstrapTools. What these call is Juju's: PreferredStreams, FindToolsForCloud, List.Newest.
func bootstrap(decision ask.Decision, env environ) ask.Verdict {
	client, err := version.Parse(decision.Client)
	if err != nil {
		return ask.Failed(err)
	}
	jujuversion.Current = client
	requested, err := requestedVersion(decision.Requested)
	if err != nil {
		return ask.Failed(err)
	}
	if requested != nil && (requested.Major != client.Major || requested.Minor != client.Minor) {
		return ask.Failed(errors.Errorf("this client can only bootstrap %v.%v agents", client.Major, client.Minor))
	}
	if requested == nil && !decision.AutoUpgrade {
		requested = &client
	}
	list, err := findBootstrapTools(env, requested)
	if err != nil && err != envtools.ErrNoTools && err != tools.ErrNoMatches && !errors.IsNotFound(err) {
		return ask.Failed(err)
	}
	if len(list) == 0 {
		if requested == nil || requested.ToPatch() == client.ToPatch() {
			return ask.Verdict{Outcome: "local-agent"}
		}
		return ask.Failed(errors.New(noToolsMessage))
	}
	newest, _ := list.Newest()
	return ask.Verdict{Outcome: "bootstrap", AgentVersion: newest.String(), Binary: newest.String()}
}

func requestedVersion(text string) (*version.Number, error) {
	if text == "" {
		return nil, nil
	}
	if binary, err := version.ParseBinary(text); err == nil {
		return &binary.Number, nil
	}
	number, err := version.Parse(text)
	return &number, err
}

func findBootstrapTools(env environ, number *version.Number) (tools.List, error) {
	filter := tools.Filter{Arch: "amd64", Series: "focal"}
	if number != nil {
		filter.Number = *number
	}
	streams := envtools.PreferredStreams(number, env.config.Development(), env.config.AgentStream())
	sources, err := envtools.GetMetadataSources(env)
	if err != nil {
		return nil, err
	}
	client := jujuversion.Current
	return envtools.FindToolsForCloud(
		sources, simplestreams.EmptyCloudSpec, streams, client.Major, client.Minor, filter,
	)
}

const noToolsMessage = `Juju cannot bootstrap because no agent binaries are available for your model.
You may want to use the 'agent-metadata-url' configuration setting to specify the binaries' location.
`
