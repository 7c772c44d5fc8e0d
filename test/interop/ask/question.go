// Package ask puts questions about a tree of agent metadata to Juju's own code and writes down what it answered.
// It knows nothing of Juju itself: each generation fits its functions into a Juju value.
package ask

import "net/http"

// Question is one look-up: where Juju is pointed at, what it is asked for, and what to do with the answer.
type Question struct {
	Name string `json:"name,omitempty"`

	// URL is used as the model's agent-metadata-url.
	URL string `json:"url,omitempty"`
	// MetadataSource is a folder, used as `juju bootstrap --metadata-source` uses it.
	MetadataSource string `json:"metadataSource,omitempty"`
	// Default stands in for streams.canonical.com, which is never asked. Without it there is no default source.
	Default string `json:"default,omitempty"`
	// Insecure sets ssl-hostname-verification=false.
	Insecure bool `json:"insecure,omitempty"`

	// Region and Endpoint are the model's cloud, which decides on mirrors of the metadata. Both or none.
	Region   string `json:"region,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`

	// Keyring is a file with an armoured public key that replaces Juju's built-in one in every source.
	Keyring string `json:"keyring,omitempty"`
	// RequireSigned demands signed metadata of every source, as Juju does of streams.canonical.com.
	RequireSigned bool `json:"requireSigned,omitempty"`

	// Stream is the model's agent-stream; Juju adds its own fall-backs. Default: what Juju takes when it is unset.
	Stream string `json:"stream,omitempty"`
	// Development is the model's development setting.
	Development bool `json:"development,omitempty"`

	// Version asks for one exact number. Without it Major and Minor choose; without those Juju's own major.
	Version string `json:"version,omitempty"`
	Major   int    `json:"major,omitempty"`
	// Minor is any minor when absent.
	Minor *int `json:"minor,omitempty"`

	// Release is an OS type (ubuntu) from 2.9 on and a series (bionic) before. Default: all that Juju knows.
	Release string `json:"release,omitempty"`
	// Arch is one architecture. Default: all that Juju knows.
	Arch string `json:"arch,omitempty"`

	// Download fetches every agent found and checks it as a controller does.
	Download bool `json:"download,omitempty"`
	// Sync runs what is behind `juju sync-agent-binary --source` (sync-tools before 2.9) as well.
	Sync bool `json:"sync,omitempty"`
}

// Answer is what Juju said to one Question.
type Answer struct {
	Name string `json:"name,omitempty"`
	// Juju is the version of the Juju code that was asked.
	Juju string `json:"juju"`
	// Streams are those that Juju searched, in its order of preference.
	Streams []string `json:"streams"`
	// Sources are the model's, in Juju's order, and those with the description "mirror" that mirrors.json led to
	// (from 2.9 on); what is asked of a mirror is not among the requests.
	Sources []Source `json:"sources"`
	Found   []Agent  `json:"found"`
	// Error is Juju's own text; ErrorKind is "not-found", "panic" or "other".
	Error     string `json:"error,omitempty"`
	ErrorKind string `json:"errorKind,omitempty"`
	// Resolved says per stream which index Juju ended at. Juju 2.8 does not tell.
	Resolved []Resolved `json:"resolved"`
	// Requests are the documents that Juju asked for, in order; its own repetitions of one request count once.
	Requests []Request `json:"requests"`
	// FellThrough is true when Juju went on to the default source after the one under test.
	FellThrough bool       `json:"fellThrough"`
	Downloads   []Download `json:"downloads,omitempty"`
	// Synced are the agents that sync-agent-binary handed to the controller, after its own checks.
	Synced    []Agent `json:"synced,omitempty"`
	SyncError string  `json:"syncError,omitempty"`
}

// Source is a place that Juju reads metadata from.
type Source struct {
	Description   string `json:"description"`
	URL           string `json:"url"`
	RequireSigned bool   `json:"requireSigned"`
}

// Agent is one agent binary as Juju understood it; Version is number-release-arch, Size is in bytes.
type Agent struct {
	Version string `json:"version"`
	URL     string `json:"url,omitempty"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
}

// Resolved is simplestreams.ResolveInfo.
type Resolved struct {
	Source    string `json:"source"`
	Signed    bool   `json:"signed"`
	IndexURL  string `json:"indexUrl"`
	MirrorURL string `json:"mirrorUrl,omitempty"`
}

// Request is one document asked of a source; Error is empty when it was delivered.
type Request struct {
	Source string `json:"source"`
	URL    string `json:"url"`
	Error  string `json:"error,omitempty"`
}

// Juju is one generation of Juju's code.
type Juju struct {
	// Version is the version number compiled into that code.
	Version string
	// Find looks agents up and fills in the answer; it may panic where Juju does.
	Find func(question Question, answer *Answer) error
	// Sync copies agents as sync-agent-binary does and returns what reached the target.
	Sync func(question Question) ([]Agent, error)
	// Get is the HTTP client with which a controller fetches a tarball.
	Get func(url string) (*http.Response, error)
	// IsNotFound says whether Juju takes an error as "there is none".
	IsNotFound func(err error) bool
	// Solve answers a question on version numbers.
	Solve func(riddle Riddle) (Solution, error)
	// Log sets what Juju logs to standard error, for example "<root>=DEBUG".
	Log func(specification string) error
}
