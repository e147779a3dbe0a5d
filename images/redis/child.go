package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Child is the one process that the supervisor starts.
type Child struct {
	pid   int
	Ended <-chan syscall.WaitStatus // gets one value
}

// StartChild starts a program with this process's output. Orphans are not ours: log-run, the container's first process, reaps them.
func StartChild(name string, args ...string) (*Child, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, err
	}
	pid, err := syscall.ForkExec(path, append([]string{name}, args...), &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2},
	})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	ended := make(chan syscall.WaitStatus, 1)
	go wait(pid, ended)
	return &Child{pid, ended}, nil
}

func wait(child int, ended chan<- syscall.WaitStatus) {
	for {
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(child, &status, 0, nil); !errors.Is(err, syscall.EINTR) {
			ended <- status
			return
		}
	}
}

// Terminate asks the child to end in good order.
func (c *Child) Terminate() error {
	return syscall.Kill(c.pid, syscall.SIGTERM)
}

func describeStatus(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "killed by " + status.Signal().String()
	}
	return fmt.Sprintf("exit code %d", status.ExitStatus())
}
