package ask

import (
	"fmt"
	"sort"
)

// ask puts one question to Juju. It always returns: what Juju fails or panics with is part of the answer.
func (juju Juju) ask(question Question) Answer {
	answer := Answer{
		Name:     question.Name,
		Juju:     juju.Version,
		Streams:  []string{},
		Sources:  []Source{},
		Found:    []Agent{},
		Resolved: []Resolved{},
		Requests: []Request{},
	}
	if err := guarded(func() error { return juju.Find(question, &answer) }); err != nil {
		answer.Error = err.Error()
		answer.ErrorKind = juju.kindOf(err)
	}
	sort.Slice(answer.Found, func(i, j int) bool { return answer.Found[i].Version < answer.Found[j].Version })
	answer.FellThrough = question.URL != "" && answer.asked(defaultSource)
	if question.Download {
		for _, agent := range answer.Found {
			answer.Downloads = append(answer.Downloads, download(juju, agent))
		}
	}
	if question.Sync {
		err := guarded(func() (err error) {
			answer.Synced, err = juju.Sync(question)
			return err
		})
		if err != nil {
			answer.SyncError = err.Error()
		}
	}
	return answer
}

func (juju Juju) solve(riddle Riddle) Solution {
	var solution Solution
	err := guarded(func() (err error) {
		solution, err = juju.Solve(riddle)
		return err
	})
	if err != nil {
		return Solution{Error: err.Error()}
	}
	return solution
}

type panicked struct{ value interface{} }

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// guarded turns a panic of Juju's (a bad version string does that) into an error.
func guarded(call func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = panicked{value}
		}
	}()
	return call()
}

func (juju Juju) kindOf(err error) string {
	if _, ok := err.(panicked); ok {
		return "panic"
	}
	if juju.IsNotFound(err) {
		return "not-found"
	}
	return "other"
}

// defaultSource is how Juju describes what it goes on to after agent-metadata-url.
// Source: juju environs/tools/urls.go GetMetadataSources.
const defaultSource = "default simplestreams"

func (answer Answer) asked(source string) bool {
	for _, request := range answer.Requests {
		if request.Source == source {
			return true
		}
	}
	return false
}
