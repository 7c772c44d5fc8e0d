package ask

import "io"

// DataSource has the methods of simplestreams.DataSource that every generation shares.
type DataSource interface {
	Description() string
	Fetch(path string) (io.ReadCloser, string, error)
	URL(path string) (string, error)
	PublicSigningKey() string
	Priority() int
	RequireSigned() bool
}

// TracedSource is one of Juju's data sources that notes what is asked of it and may have another key than Juju's.
type TracedSource struct {
	DataSource
	publicKey     string
	requireSigned bool
	answer        *Answer
}

// Trace wraps a source of Juju's; publicKey is the armoured text that replaces the built-in key, or empty.
func Trace(source DataSource, question Question, publicKey string, answer *Answer) *TracedSource {
	traced := &TracedSource{
		DataSource:    source,
		publicKey:     publicKey,
		requireSigned: source.RequireSigned() || question.RequireSigned,
		answer:        answer,
	}
	url, err := source.URL("")
	if err != nil {
		url = err.Error()
	}
	answer.Sources = append(answer.Sources, Source{source.Description(), url, traced.requireSigned})
	return traced
}

// Fetch notes the request and passes it on.
func (s *TracedSource) Fetch(path string) (io.ReadCloser, string, error) {
	reader, url, err := s.DataSource.Fetch(path)
	request := Request{Source: s.Description(), URL: url}
	if err != nil {
		request.Error = err.Error()
	}
	s.answer.Requests = append(s.answer.Requests, request)
	return reader, url, err
}

// PublicSigningKey is the key from --keyring, else Juju's.
func (s *TracedSource) PublicSigningKey() string {
	if s.publicKey != "" {
		return s.publicKey
	}
	return s.DataSource.PublicSigningKey()
}

// RequireSigned is what Juju demands, or more.
func (s *TracedSource) RequireSigned() bool {
	return s.requireSigned
}
