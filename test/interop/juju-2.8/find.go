package main

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/juju/version"

	"github.com/juju/juju/environs"
	"github.com/juju/juju/environs/config"
	"github.com/juju/juju/environs/simplestreams"
	"github.com/juju/juju/environs/sync"
	envtools "github.com/juju/juju/environs/tools"
	"github.com/juju/juju/tools"
	jujuversion "github.com/juju/juju/version"

	"jam.test/interop/ask"
)

// model is a model as far as looking for agents sees it: its configuration.
type model struct {
	environs.BootstrapEnviron
	config *config.Config
}

func (m model) Config() *config.Config { return m.config }

// traced adds the one method that data sources of this generation have more.
type traced struct {
	*ask.TracedSource
	source simplestreams.DataSource
}

func (t traced) SetAllowRetry(allow bool) { t.source.SetAllowRetry(allow) }

// find asks envtools.FindToolsForCloud with the sources of envtools.GetMetadataSources: together they are
// envtools.FindTools for a model with that cloud. This generation's FindTools makes its sources itself.
func find(question ask.Question, answer *ask.Answer) error {
	publicKey, err := question.PublicKey()
	if err != nil {
		return err
	}
	if envtools.DefaultBaseURL, err = question.DefaultBaseURL(); err != nil {
		return err
	}
	cfg, err := config.New(config.UseDefaults, question.ModelAttributes())
	if err != nil {
		return err
	}
	filter := tools.Filter{Series: question.Release, Arch: question.Arch}
	major, minor := question.MajorMinor(jujuversion.Current.Major)
	var number *version.Number
	if question.Version != "" {
		if filter.Number, err = version.Parse(question.Version); err != nil {
			return err
		}
		number, major, minor = &filter.Number, filter.Number.Major, filter.Number.Minor
	}
	answer.Streams = envtools.PreferredStreams(number, cfg.Development(), cfg.AgentStream())
	sources, err := envtools.GetMetadataSources(model{config: cfg})
	if err != nil {
		return err
	}
	for i, source := range sources {
		sources[i] = traced{ask.Trace(source, question, publicKey, answer), source}
	}
	cloud := simplestreams.CloudSpec{Region: question.Region, Endpoint: question.Endpoint}
	list, err := envtools.FindToolsForCloud(sources, cloud, answer.Streams, major, minor, filter)
	for _, agent := range list {
		answer.Found = append(answer.Found, ask.Agent{
			Version: agent.Version.String(), URL: agent.URL, Size: agent.Size, SHA256: agent.SHA256,
		})
	}
	return err
}

// target is a controller that takes what sync-agent-binary uploads.
type target struct{ agents []ask.Agent }

func (t *target) UploadTools(_, _ string, agent *tools.Tools, data []byte) error {
	digest := sha256.Sum256(data)
	t.agents = append(t.agents, ask.Agent{
		Version: agent.Version.String(), URL: agent.URL, Size: int64(len(data)), SHA256: hex.EncodeToString(digest[:]),
	})
	return nil
}

// FindTools says that the target has nothing yet.
func (t *target) FindTools(int, string) (tools.List, error) { return nil, tools.ErrNoMatches }

// syncAgents runs what is behind `juju sync-tools --version MAJOR.MINOR --source …`, which takes the newest of them.
func syncAgents(question ask.Question) ([]ask.Agent, error) {
	source, err := question.SyncSource()
	if err != nil {
		return nil, err
	}
	number, err := version.Parse(question.Version)
	if err != nil {
		return nil, err
	}
	received := &target{}
	err = sync.SyncTools(&sync.SyncContext{
		TargetToolsFinder: received, TargetToolsUploader: received, Stream: question.Stream, Source: source,
		MajorVersion: number.Major, MinorVersion: number.Minor,
	})
	return received.agents, err
}
