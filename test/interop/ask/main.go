package ask

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
)

// Main runs the command line for one generation of Juju and returns the exit status:
// 0 when agents were found and every check passed (always with --cases and --select), 1 when not, 2 for bad usage.
func Main(juju Juju, arguments []string, input io.Reader, output, errors io.Writer) int {
	options, err := parseFlags(arguments, errors)
	if err == flag.ErrHelp {
		return 0
	}
	if err == nil {
		err = juju.Log(options.log)
	}
	if err == nil {
		switch {
		case options.cases != "":
			err = answerAll(options.cases, input, output, juju.ask)
		case options.riddles != "":
			err = solveAll(options.riddles, input, output, juju.solve)
		default:
			return answerOne(juju, options, output)
		}
	}
	if err != nil {
		fmt.Fprintln(errors, "interop:", err)
		return 2
	}
	return 0
}

func answerOne(juju Juju, options options, output io.Writer) int {
	answer := juju.ask(options.question)
	if options.json {
		_ = writeJSON(output, answer)
	} else {
		print(answer, output)
	}
	if len(answer.Found) == 0 || answer.Error != "" || answer.SyncError != "" {
		return 1
	}
	for _, download := range answer.Downloads {
		if !download.passed() {
			return 1
		}
	}
	return 0
}

func (d Download) passed() bool {
	ok := d.Error == "" && d.Curl == ""
	for _, contentType := range d.ContentTypes {
		ok = ok && contentType.OK
	}
	return ok
}

func print(answer Answer, output io.Writer) {
	fmt.Fprintf(output, "Juju %s, streams %v\n", answer.Juju, answer.Streams)
	for _, request := range answer.Requests {
		fmt.Fprintf(output, "asked  %s %s\n", request.URL, request.Error)
	}
	for _, agent := range answer.Found {
		fmt.Fprintf(output, "found  %s %d %s %s\n", agent.Version, agent.Size, agent.SHA256, agent.URL)
	}
	for _, download := range answer.Downloads {
		fmt.Fprintf(output, "got    %s %d %s %s %s\n",
			download.Version, download.Size, download.SHA256, download.Error, download.Curl)
		for _, contentType := range download.ContentTypes {
			if !contentType.OK {
				fmt.Fprintf(output, "       Juju %s asks for %s and refuses %q\n",
					contentType.Juju, contentType.Accept, contentType.Received)
			}
		}
	}
	for _, agent := range answer.Synced {
		fmt.Fprintf(output, "synced %s %d %s\n", agent.Version, agent.Size, agent.SHA256)
	}
	if answer.FellThrough {
		fmt.Fprintln(output, "fell through: Juju went on to the default source")
	}
	for _, text := range []string{answer.Error, answer.SyncError} {
		if text != "" {
			fmt.Fprintln(output, "error ", text)
		}
	}
}

func answerAll(path string, input io.Reader, output io.Writer, ask func(Question) Answer) error {
	var questions []Question
	if err := readJSON(path, input, &questions); err != nil {
		return err
	}
	answers := make([]Answer, len(questions))
	for i, question := range questions {
		answers[i] = ask(question)
	}
	return writeJSON(output, answers)
}

func solveAll(path string, input io.Reader, output io.Writer, solve func(Riddle) Solution) error {
	var riddles []Riddle
	if err := readJSON(path, input, &riddles); err != nil {
		return err
	}
	solutions := make([]Solution, len(riddles))
	for i, riddle := range riddles {
		solutions[i] = solve(riddle)
	}
	return writeJSON(output, solutions)
}

// readJSON reads a file, or the standard input for "-"; an unknown field is an error, so that a typing mistake
// in a test does not become another question.
func readJSON(path string, input io.Reader, value interface{}) error {
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		input = file
	}
	decoder := json.NewDecoder(input)
	decoder.DisallowUnknownFields()
	return decoder.Decode(value)
}

func writeJSON(output io.Writer, value interface{}) error {
	encoder := json.NewEncoder(output)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	return encoder.Encode(value)
}
