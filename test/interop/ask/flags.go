package ask

import (
	"flag"
	"fmt"
	"io"
)

type options struct {
	question Question
	json     bool
	cases    string
	riddles  string
	log      string
}

func parseFlags(arguments []string, errors io.Writer) (options, error) {
	var parsed options
	question := &parsed.question
	minor := -1
	flags := flag.NewFlagSet("interop", flag.ContinueOnError)
	flags.SetOutput(errors)
	flags.StringVar(&question.URL, "url", "", "the model's agent-metadata-url")
	flags.StringVar(&question.MetadataSource, "metadata-source", "", "a folder, as for juju bootstrap --metadata-source")
	flags.StringVar(&question.Default, "default", "", "stands in for streams.canonical.com (default: no such source)")
	flags.BoolVar(&question.Insecure, "insecure", false, "ssl-hostname-verification=false")
	flags.StringVar(&question.Region, "region", "", "region of the model's cloud")
	flags.StringVar(&question.Endpoint, "endpoint", "", "endpoint of the model's cloud")
	flags.StringVar(&question.Keyring, "keyring", "", "file with the armoured public key that replaces Juju's")
	flags.BoolVar(&question.RequireSigned, "require-signed", false, "demand signed metadata")
	flags.StringVar(&question.Stream, "stream", "", "agent-stream")
	flags.BoolVar(&question.Development, "development", false, "the model's development setting")
	flags.StringVar(&question.Version, "version", "", "exact version")
	flags.IntVar(&question.Major, "major", 0, "major version (default: Juju's own)")
	flags.IntVar(&minor, "minor", -1, "minor version (default: any)")
	flags.StringVar(&question.Release, "os", "", "OS type, or series up to 2.8 (default: all)")
	flags.StringVar(&question.Arch, "arch", "", "architecture (default: all)")
	flags.BoolVar(&question.Download, "download", false, "fetch and check what was found")
	flags.BoolVar(&question.Sync, "sync", false, "also run sync-agent-binary's code")
	flags.BoolVar(&parsed.json, "json", false, "write JSON")
	flags.StringVar(&parsed.cases, "cases", "", "file with a JSON list of questions, - for standard input")
	flags.StringVar(&parsed.riddles, "select", "", "file with a JSON list of version questions, - for standard input")
	flags.StringVar(&parsed.log, "log", "<root>=CRITICAL", "what Juju logs to standard error")
	if err := flags.Parse(arguments); err != nil {
		return parsed, err
	}
	if minor >= 0 {
		question.Minor = &minor
	}
	if flags.NArg() > 0 {
		return parsed, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if parsed.cases == "" && parsed.riddles == "" && question.URL == "" && question.MetadataSource == "" {
		return parsed, fmt.Errorf("--url, --metadata-source, --cases or --select is needed (see --help)")
	}
	return parsed, nil
}
