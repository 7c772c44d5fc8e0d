package ask

// Riddle is a question on version numbers alone, without any metadata.
type Riddle struct {
	// Ask is "parse", "parse-binary", "compare", "newest", "newest-compatible" or "preferred-streams".
	Ask string `json:"ask"`
	// Text is what to parse.
	Text string `json:"text,omitempty"`
	// A and B are compared.
	A string `json:"a,omitempty"`
	B string `json:"b,omitempty"`
	// Versions are the candidates of newest and newest-compatible.
	Versions []string `json:"versions,omitempty"`
	// Base is the number that newest-compatible starts from.
	Base string `json:"base,omitempty"`
	// AllowDev lets newest-compatible take numbers with a build part. Juju before 3.0 always does.
	AllowDev bool `json:"allowDev,omitempty"`
	// Version, Development and Stream are the arguments of preferred-streams.
	Version     string `json:"version,omitempty"`
	Development bool   `json:"development,omitempty"`
	Stream      string `json:"stream,omitempty"`
}

// Solution is Juju's answer to one Riddle; only the fields that belong to it are set.
type Solution struct {
	Error string `json:"error,omitempty"`
	// Number is the result of parse, parse-binary, newest and newest-compatible.
	Number *Number `json:"number,omitempty"`
	// Release and Arch complete the result of parse-binary.
	Release string `json:"release,omitempty"`
	Arch    string `json:"arch,omitempty"`
	// Order is -1, 0 or 1.
	Order *int `json:"order,omitempty"`
	// Found is the second result of newest-compatible.
	Found   *bool    `json:"found,omitempty"`
	Streams []string `json:"streams,omitempty"`
}

// Number is a version number in parts, as text, and as Juju classifies it.
type Number struct {
	Text    string `json:"text"`
	Major   int    `json:"major"`
	Minor   int    `json:"minor"`
	Tag     string `json:"tag"`
	Patch   int    `json:"patch"`
	Build   int    `json:"build"`
	IsDev   bool   `json:"isDev"`
	ToPatch string `json:"toPatch"`
}
