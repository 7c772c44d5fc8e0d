package main

import (
	"fmt"

	"github.com/juju/version/v2"

	envtools "github.com/juju/juju/environs/tools"
	"github.com/juju/juju/tools"
	jujuversion "github.com/juju/juju/version"

	"jam.test/interop/ask"
)

// solve answers with Juju's own functions; what they panic on is the caller's to catch.
func solve(riddle ask.Riddle) (ask.Solution, error) {
	var solution ask.Solution
	switch riddle.Ask {
	case "parse":
		number, err := version.Parse(riddle.Text)
		if err != nil {
			return solution, err
		}
		solution.Number = parts(number)
	case "parse-binary":
		binary, err := version.ParseBinary(riddle.Text)
		if err != nil {
			return solution, err
		}
		solution.Number, solution.Release, solution.Arch = parts(binary.Number), binary.Release, binary.Arch
	case "compare":
		order := version.MustParse(riddle.A).Compare(version.MustParse(riddle.B))
		solution.Order = &order
	case "newest":
		newest, _ := list(riddle.Versions).Newest()
		solution.Number = parts(newest)
	case "newest-compatible":
		newest, found := versions(riddle.Versions).NewestCompatible(version.MustParse(riddle.Base))
		solution.Number, solution.Found = parts(newest), &found
	case "preferred-streams":
		var number *version.Number
		if riddle.Version != "" {
			parsed := version.MustParse(riddle.Version)
			number = &parsed
		}
		solution.Streams = envtools.PreferredStreams(number, riddle.Development, riddle.Stream)
	default:
		return solution, fmt.Errorf("unknown question %q", riddle.Ask)
	}
	return solution, nil
}

func parts(number version.Number) *ask.Number {
	return &ask.Number{
		Text: number.String(), Major: number.Major, Minor: number.Minor, Tag: number.Tag, Patch: number.Patch,
		Build: number.Build, IsDev: jujuversion.IsDev(number), ToPatch: number.ToPatch().String(),
	}
}

func list(numbers []string) tools.List {
	result := make(tools.List, len(numbers))
	for i, number := range numbers {
		result[i] = &tools.Tools{Version: version.Binary{Number: version.MustParse(number)}}
	}
	return result
}

func versions(numbers []string) tools.Versions {
	result := make(tools.Versions, len(numbers))
	for i, agent := range list(numbers) {
		result[i] = agent
	}
	return result
}
