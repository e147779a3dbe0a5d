package main

import (
	"os"
	"os/exec"
	"syscall"
	"time"
)

// stopWithin is how long Elasticsearch may take to end; below the container's stop timeout.
const stopWithin = 25 * time.Second

// Child is the running Elasticsearch.
type Child struct {
	process *os.Process
	Ended   <-chan int // its exit code
}

// StartChild starts a program with this process's output.
func StartChild(command []string) (*Child, error) {
	child := exec.Command(command[0], command[1:]...)
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		return nil, err
	}
	ended := make(chan int, 1)
	go func() {
		_ = child.Wait() // the exit code says it
		ended <- child.ProcessState.ExitCode()
	}()
	return &Child{child.Process, ended}, nil
}

// Terminate asks it to end in good order.
func (c *Child) Terminate() {
	_ = c.process.Signal(syscall.SIGTERM) // it may have ended already
}

// Wait returns 0 after an end that was asked for.
func (c *Child) Wait() int {
	select {
	case <-c.Ended:
		return 0
	case <-time.After(stopWithin):
		return 1
	}
}
