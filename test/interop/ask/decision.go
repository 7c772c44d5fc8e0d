package ask

import (
	"flag"
	"fmt"
	"io"
)

// Decision is a question on the version that Juju would take; versions and agents are looked up at a real URL.
type Decision struct {
	Name string `json:"name,omitempty"`
	// Ask is "upgrade" or "bootstrap".
	Ask string `json:"ask"`
	// URL is agent-metadata-url; there is no other source.
	URL string `json:"url"`
	// ConfigStream and Development are the model's settings agent-stream and development.
	ConfigStream string `json:"configStream,omitempty"`
	Development  bool   `json:"development,omitempty"`
	// Requested is --agent-version.
	Requested string `json:"requested,omitempty"`

	// Client is the version of the client that bootstraps.
	Client      string `json:"client,omitempty"`
	AutoUpgrade bool   `json:"autoUpgrade,omitempty"`

	// Current is the agent version of the model that is upgraded, Controller that of the controller.
	Current      string `json:"current,omitempty"`
	Controller   string `json:"controller,omitempty"`
	IsController bool   `json:"isController,omitempty"`
	IsCAAS       bool   `json:"isCAAS,omitempty"`
	// Stream is --agent-stream.
	Stream string `json:"stream,omitempty"`
	// Stored are the versions in the controller's own store, for ubuntu on amd64.
	Stored []string `json:"stored,omitempty"`
	// RegistryTags are those of the jujud-operator image, all of them for amd64.
	RegistryTags []string     `json:"registryTags,omitempty"`
	OtherModels  []OtherModel `json:"otherModels,omitempty"`
}

// OtherModel is a further model on the same controller.
type OtherModel struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Verdict is what Juju decided, in the shape of the recorded answers of test/fixtures/vectors.
type Verdict struct {
	// Outcome is "upgrade", "up-to-date", "error", "bootstrap" or "local-agent".
	Outcome      string `json:"outcome"`
	Chosen       string `json:"chosen,omitempty"`
	Changed      *bool  `json:"changed,omitempty"`
	SetStream    string `json:"setStream,omitempty"`
	Message      string `json:"message,omitempty"`
	AgentVersion string `json:"agentVersion,omitempty"`
	Binary       string `json:"binary,omitempty"`
	Error        string `json:"error,omitempty"`
}

// Upgraded is the verdict of an upgrade that Juju starts.
func Upgraded(chosen string, changed bool, setStream string) Verdict {
	return Verdict{Outcome: "upgrade", Chosen: chosen, Changed: &changed, SetStream: setStream}
}

// UpToDate is the verdict that Juju reports as success.
func UpToDate() Verdict {
	return Verdict{Outcome: "up-to-date", Message: "no upgrades available"}
}

// Failed is the verdict of a command that fails.
func Failed(err error) Verdict {
	return Verdict{Outcome: "error", Error: err.Error()}
}

// DecideMain answers a JSON list of decisions (file or standard input) with a JSON list of verdicts.
func DecideMain(decide func(Decision) Verdict, arguments []string, input io.Reader, output, errors io.Writer) int {
	flags := flag.NewFlagSet("decide", flag.ContinueOnError)
	flags.SetOutput(errors)
	cases := flags.String("cases", "-", "file with a JSON list of decisions, - for standard input")
	if err := flags.Parse(arguments); err != nil {
		return 2
	}
	var decisions []Decision
	if err := readJSON(*cases, input, &decisions); err != nil {
		fmt.Fprintln(errors, "decide:", err)
		return 2
	}
	verdicts := make([]Verdict, len(decisions))
	for i, decision := range decisions {
		i, decision := i, decision
		err := guarded(func() error {
			verdicts[i] = decide(decision)
			return nil
		})
		if err != nil {
			verdicts[i] = Failed(err)
		}
	}
	if err := writeJSON(output, verdicts); err != nil {
		fmt.Fprintln(errors, "decide:", err)
		return 2
	}
	return 0
}
