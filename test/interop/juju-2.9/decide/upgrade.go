package main

import (
	"github.com/juju/errors"
	"github.com/juju/names/v4"
	"github.com/juju/version/v2"

	"github.com/juju/juju/apiserver/common"
	apiservererrors "github.com/juju/juju/apiserver/errors"
	"github.com/juju/juju/apiserver/facades/client/modelupgrader"
	"github.com/juju/juju/docker"
	"github.com/juju/juju/docker/registry"
	"github.com/juju/juju/environs"
	"github.com/juju/juju/environs/cloudspec"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/juju/upgrades/upgradevalidation"

	"jam.test/interop/ask"
)

// upgrade is what the command upgrade-model (upgrade-controller is the same) does with the answer of the ModelUpgrader facade.
// The facade and all behind it are Juju's; the lines of the client are written after
// cmd/juju/commands/upgrademodel.go upgradeModel, upgradeWithTargetVersion.
func upgrade(decision ask.Decision, env environs.BootstrapEnviron) ask.Verdict {
	requested, err := parse(decision.Requested)
	if err != nil {
		return ask.Failed(err)
	}
	site, err := newSite(decision)
	if err != nil {
		return ask.Failed(err)
	}
	if requested == site.model.version && requested != version.Zero {
		return ask.UpToDate()
	}
	if decision.IsController && requested.Major == 3 {
		if _, _, err := upgradevalidation.UpgradeToAllowed(site.model.version, requested); err != nil {
			return ask.Failed(err)
		}
	}
	chosen, err := askFacade(decision, env, site, requested)
	if errors.Is(err, errors.NotFound) || errors.Is(err, errors.AlreadyExists) {
		return ask.UpToDate()
	}
	if err != nil {
		return ask.Failed(err)
	}
	return ask.Upgraded(chosen.String(), chosen != site.model.version, site.written)
}

func askFacade(
	decision ask.Decision, env environs.BootstrapEnviron, site *site, requested version.Number,
) (version.Number, error) {
	sameEnviron := func() (environs.BootstrapEnviron, error) { return env, nil }
	finder := common.NewToolsFinder(nil, store{decision.Stored}, urls{}, sameEnviron)
	facade, err := modelupgrader.NewModelUpgraderAPI(
		names.NewControllerTag(controllerUUID), site, finder, sameEnviron, allowed{}, admin{}, nil,
		func(docker.ImageRepoDetails) (registry.Registry, error) {
			return images{tags: decision.RegistryTags}, nil
		},
		func(names.ModelTag) (cloudspec.CloudSpec, error) { return cloudspec.CloudSpec{Type: "manual"}, nil },
	)
	if err != nil {
		return version.Zero, err
	}
	result, err := facade.UpgradeModel(params.UpgradeModelParams{
		ModelTag: names.NewModelTag(site.model.uuid).String(), TargetVersion: requested, AgentStream: decision.Stream,
	})
	if err != nil {
		return version.Zero, err
	}
	if result.Error != nil {
		return version.Zero, apiservererrors.RestoreError(result.Error)
	}
	return result.ChosenVersion, nil
}
