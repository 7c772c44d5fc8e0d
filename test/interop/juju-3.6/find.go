package main

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/juju/version/v2"

	"github.com/juju/juju/environs"
	"github.com/juju/juju/environs/config"
	"github.com/juju/juju/environs/simplestreams"
	"github.com/juju/juju/environs/sync"
	envtools "github.com/juju/juju/environs/tools"
	"github.com/juju/juju/tools"
	jujuversion "github.com/juju/juju/version"

	"jam.test/interop/ask"
)

// model is a model as far as looking for agents sees it: its configuration and cloud.
type model struct {
	environs.BootstrapEnviron
	config *config.Config
	cloud  simplestreams.CloudSpec
}

func (m model) Config() *config.Config { return m.config }

func (m model) Region() (simplestreams.CloudSpec, error) { return m.cloud, nil }

// fetcher is Juju's own, noting which sources a look-up has and what it resolved to.
type fetcher struct {
	*simplestreams.Simplestreams
	question  ask.Question
	publicKey string
	answer    *ask.Answer
}

func (f fetcher) NewDataSource(config simplestreams.Config) simplestreams.DataSource {
	source := simplestreams.NewDataSource(config)
	return ask.Trace(source, f.question, f.publicKey, f.answer)
}

// mirrors makes the sources that mirrors.json leads to. Juju insists on its own type for those.
type mirrors struct{ answer *ask.Answer }

func (m mirrors) NewDataSource(config simplestreams.Config) simplestreams.DataSource {
	m.answer.Sources = append(m.answer.Sources, ask.Source{
		Description: config.Description, URL: config.BaseURL, RequireSigned: config.RequireSigned,
	})
	return simplestreams.NewDataSource(config)
}

func (f fetcher) GetMetadata(
	sources []simplestreams.DataSource, params simplestreams.GetMetadataParams,
) ([]interface{}, *simplestreams.ResolveInfo, error) {
	items, info, err := f.Simplestreams.GetMetadata(sources, params)
	if info != nil && err == nil {
		f.answer.Resolved = append(f.answer.Resolved, ask.Resolved(*info))
	}
	return items, info, err
}

// find asks envtools.FindTools for a model with the configuration and cloud of the question.
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
	filter := tools.Filter{OSType: question.Release, Arch: question.Arch}
	major, minor := question.MajorMinor(jujuversion.Current.Major)
	var number *version.Number
	if question.Version != "" {
		if filter.Number, err = version.Parse(question.Version); err != nil {
			return err
		}
		number, major, minor = &filter.Number, filter.Number.Major, filter.Number.Minor
	}
	answer.Streams = envtools.PreferredStreams(number, cfg.Development(), cfg.AgentStream())
	ss := fetcher{simplestreams.NewSimpleStreams(mirrors{answer}), question, publicKey, answer}
	cloud := simplestreams.CloudSpec{Region: question.Region, Endpoint: question.Endpoint}
	list, err := envtools.FindTools(ss, model{config: cfg, cloud: cloud}, major, minor, answer.Streams, filter)
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

// syncAgents runs what is behind `juju sync-agent-binary --agent-version VERSION --source …`.
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
		TargetToolsUploader: received, Stream: question.Stream, Source: source, ChosenVersion: number,
	})
	return received.agents, err
}
