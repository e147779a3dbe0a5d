package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// A node that cannot start by itself stays, without redis-server, so that an operator can work in its container; it goes on looking, and
// starts once it can. Why it waits is in a file, from which its health check tells it.

// blockedFile is in the run directory.
const blockedFile = "blocked"

// Blocked is what a health check says of a node that waits for an operator.
type Blocked struct{ sentence string }

func (b Blocked) Error() string { return b.sentence }

// blockedExit is the health check's exit code for it: waiting longer does not help (see cli/status/containers.ts).
const blockedExit = 3

func describeBlock(decision Decision) string {
	if decision.Fix == "" {
		return "cannot start: " + decision.Reason
	}
	return fmt.Sprintf("cannot start: %s. To fix: %s", decision.Reason, decision.Fix)
}

func block(env Environment, decision Decision) error {
	if err := os.MkdirAll(env.RunDir, 0o700); err != nil {
		return err
	}
	return writeFile(filepath.Join(env.RunDir, blockedFile), describeBlock(decision)+"\n")
}

func unblock(env Environment) error {
	err := os.Remove(filepath.Join(env.RunDir, blockedFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// whyBlocked returns a Blocked, or nil.
func whyBlocked(env Environment) error {
	text, err := os.ReadFile(filepath.Join(env.RunDir, blockedFile))
	if err != nil {
		return nil // not blocked
	}
	return Blocked{string(text)}
}
