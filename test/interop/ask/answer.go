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
	answer.FellThrough = fellThrough(answer)
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

// fellThrough: more than one source was there, and the last one was asked.
func fellThrough(answer Answer) bool {
	if len(answer.Sources) < 2 {
		return false
	}
	last := answer.Sources[len(answer.Sources)-1].Description
	for _, request := range answer.Requests {
		if request.Source == last {
			return true
		}
	}
	return false
}
