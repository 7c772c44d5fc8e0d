package main

import (
	"github.com/juju/errors"
	"github.com/juju/version/v2"

	"github.com/juju/juju/environs"
	"github.com/juju/juju/environs/simplestreams"
	envtools "github.com/juju/juju/environs/tools"
	"github.com/juju/juju/tools"
	jujuversion "github.com/juju/juju/version"

	"jam.test/interop/ask"
)

// bootstrap is written after Juju's source, which exports no part of it small enough: cmd/juju/commands/bootstrap.go
// Init, environs/bootstrap/bootstrap.go bootstrapIAAS and getBootstrapToolsVersion, environs/bootstrap/tools.go
// findPackagedTools and findBootstrapTools. What these call is Juju's: PreferredStreams, FindTools, List.Newest.
func bootstrap(decision ask.Decision, env environs.BootstrapEnviron) ask.Verdict {
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
	if err != nil && !errors.Is(err, errors.NotFound) {
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

func findBootstrapTools(env environs.BootstrapEnviron, number *version.Number) (tools.List, error) {
	filter := tools.Filter{Arch: "amd64", OSType: "ubuntu"}
	if number != nil {
		filter.Number = *number
	}
	streams := envtools.PreferredStreams(number, env.Config().Development(), env.Config().AgentStream())
	ss := simplestreams.NewSimpleStreams(simplestreams.DefaultDataSourceFactory())
	client := jujuversion.Current
	return envtools.FindTools(ss, env, client.Major, client.Minor, streams, filter)
}

const noToolsMessage = `Juju cannot bootstrap because no agent binaries are available for your model.
You may want to use the 'agent-metadata-url' configuration setting to specify the binaries' location.
`
