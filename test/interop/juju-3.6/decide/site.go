package main

import (
	"github.com/juju/errors"
	"github.com/juju/names/v5"
	"github.com/juju/replicaset/v3"
	"github.com/juju/version/v2"

	"github.com/juju/juju/apiserver/common"
	"github.com/juju/juju/apiserver/facade"
	"github.com/juju/juju/apiserver/facades/client/modelupgrader"
	"github.com/juju/juju/caas"
	"github.com/juju/juju/controller"
	"github.com/juju/juju/core/permission"
	"github.com/juju/juju/docker/registry"
	"github.com/juju/juju/state"
	"github.com/juju/juju/state/binarystorage"
	"github.com/juju/juju/tools"

	"jam.test/interop/ask"
)

const (
	controllerUUID = "90168e4c-2f10-4e9c-83c2-feedfacee5a0"
	modelUUID      = "90168e4c-2f10-4e9c-83c2-feedfacee5a1"
	otherUUIDs     = "90168e4c-2f10-4e9c-83c2-feedfacee5b"
)

// site is a controller with its models as the facade sees them: healthy, on no cloud of note, with MongoDB 4.4.
type site struct {
	modelupgrader.StatePool
	controller version.Number
	model      *model
	models     []*model
	// written is the stream that the facade wrote into the settings.
	written string
}

func newSite(decision ask.Decision) (*site, error) {
	s := &site{}
	var err error
	if s.controller, err = parse(decision.Controller); err != nil {
		return nil, err
	}
	add := func(uuid, name, text string) error {
		number, err := parse(text)
		s.models = append(s.models, &model{site: s, uuid: uuid, name: name, version: number, isCAAS: decision.IsCAAS})
		return err
	}
	name := "model"
	if decision.IsController {
		name = "controller"
	}
	if err := add(modelUUID, name, decision.Current); err != nil {
		return nil, err
	}
	s.model = s.models[0]
	s.model.isController = decision.IsController
	for i, other := range decision.OtherModels {
		if err := add(otherUUIDs+string(rune('0'+i)), other.Name, other.Version); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *site) Get(uuid string) (modelupgrader.State, error) {
	for _, m := range s.models {
		if m.uuid == uuid {
			return modelState{model: m}, nil
		}
	}
	return nil, errors.NotFoundf("model %q", uuid)
}

func (s *site) ControllerModel() (modelupgrader.Model, error) {
	return &model{site: s, version: s.controller, isController: true}, nil
}

func (s *site) MongoVersion() (string, error) { return "4.4.24", nil }

type modelState struct {
	modelupgrader.State
	model *model
}

func (s modelState) Model() (modelupgrader.Model, error)  { return s.model, nil }
func (s modelState) HasUpgradeSeriesLocks() (bool, error) { return false, nil }
func (s modelState) Release() bool                        { return true }
func (s modelState) AllCharmURLs() ([]*string, error)     { return nil, errors.NotFoundf("charms") }
func (s modelState) ControllerConfig() (controller.Config, error) {
	return controller.Config{}, nil
}

func (s modelState) AllModelUUIDs() ([]string, error) {
	var uuids []string
	for _, m := range s.model.site.models {
		uuids = append(uuids, m.uuid)
	}
	return uuids, nil
}

func (s modelState) MachineCountForBase(...state.Base) (map[string]int, error) { return nil, nil }

func (s modelState) MongoCurrentStatus() (*replicaset.Status, error) {
	return &replicaset.Status{Members: []replicaset.MemberStatus{{Id: 1, State: replicaset.PrimaryState}}}, nil
}

// SetModelAgentVersion has the first check of state/state.go SetModelAgentVersion, which needs a database; there the
// version of the running code stands for the controller's.
func (s modelState) SetModelAgentVersion(newVersion version.Number, stream *string, _ bool) error {
	running := s.model.site.controller
	if newVersion.Compare(running) > 0 && !s.model.isController {
		return errors.Errorf(
			"model cannot be upgraded to %s while the controller is %s: upgrade 'controller' model first",
			newVersion.String(), running,
		)
	}
	if stream != nil {
		s.model.site.written = *stream
	}
	return nil
}

type model struct {
	modelupgrader.Model
	site         *site
	uuid, name   string
	version      version.Number
	isController bool
	isCAAS       bool
}

func (m *model) IsControllerModel() bool               { return m.isController }
func (m *model) AgentVersion() (version.Number, error) { return m.version, nil }
func (m *model) Owner() names.UserTag                  { return names.NewUserTag("admin") }
func (m *model) Name() string                          { return m.name }
func (m *model) MigrationMode() state.MigrationMode    { return state.MigrationModeNone }
func (m *model) Life() state.Life                      { return state.Alive }
func (m *model) ModelTag() names.ModelTag              { return names.NewModelTag(m.uuid) }

func (m *model) Type() state.ModelType {
	if m.isCAAS {
		return state.ModelTypeCAAS
	}
	return state.ModelTypeIAAS
}

// allowed blocks nothing.
type allowed struct{ common.BlockCheckerInterface }

func (allowed) ChangeAllowed() error { return nil }

// admin may do everything.
type admin struct{ facade.Authorizer }

func (admin) AuthClient() bool                                 { return true }
func (admin) GetAuthTag() names.Tag                            { return names.NewUserTag("admin") }
func (admin) HasPermission(permission.Access, names.Tag) error { return nil }

// store is the controller's agent store.
type store struct{ versions []string }

func (s store) ToolsStorage() (binarystorage.StorageCloser, error) { return storage{store: s}, nil }

type storage struct {
	binarystorage.StorageCloser
	store store
}

func (s storage) Close() error { return nil }

func (s storage) AllMetadata() ([]binarystorage.Metadata, error) {
	var all []binarystorage.Metadata
	for _, number := range s.store.versions {
		all = append(all, binarystorage.Metadata{Version: number + "-ubuntu-amd64"})
	}
	return all, nil
}

type urls struct{}

func (urls) ToolsURLs(version.Binary) ([]string, error) {
	return []string{"https://controller/tools"}, nil
}

// images is a registry with the jujud-operator image.
type images struct {
	registry.Registry
	tags []string
}

func (i images) Close() error { return nil }

func (i images) Tags(string) (tools.Versions, error) {
	var versions tools.Versions
	for _, tag := range i.tags {
		// Source: docker/registry/internal/base_client.go: tags that are no version are passed over.
		if number, err := version.Parse(tag); err == nil {
			versions = append(versions, &tools.Tools{Version: version.Binary{Number: number}})
		}
	}
	return versions, nil
}

func (i images) GetArchitectures(string, string) ([]string, error) { return []string{"amd64"}, nil }

type broker struct{ caas.Broker }

func (broker) GetModelOperatorDeploymentImage() (string, error) {
	return "ghcr.io/juju/jujud-operator:3.6.0", nil
}
