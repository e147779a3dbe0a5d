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

// StartChild starts a program with this process's output, and reaps it and, as PID 1 must, every orphan.
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
	go reap(pid, ended)
	return &Child{pid, ended}, nil
}

func reap(child int, ended chan<- syscall.WaitStatus) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return // no children left
		case pid == child:
			ended <- status
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
