package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Child is the one process that the supervisor starts.
type Child struct {
	pid   int
	Ended <-chan syscall.WaitStatus // gets one value
	words *lastWords
}

// StartChild starts a program whose output goes to this process's, and is remembered a little (see LastWords). Orphans are not ours:
// log-run, the container's first process, reaps them.
func StartChild(name string, args ...string) (*Child, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, err
	}
	output, input, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	pid, err := syscall.ForkExec(path, append([]string{name}, args...), &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, input.Fd(), input.Fd()},
	})
	input.Close()
	if err != nil {
		output.Close()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	ended := make(chan syscall.WaitStatus, 1)
	go wait(pid, ended)
	words := &lastWords{closed: make(chan struct{})}
	go words.pass(output, os.Stdout)
	return &Child{pid, ended, words}, nil
}

// lastWords passes a program's lines on and remembers the last ones.
type lastWords struct {
	mutex  sync.Mutex
	lines  []string
	closed chan struct{} // when there is nothing more to come
}

const (
	wordsKept = 40
	// A process that the program has forked may hold its output open.
	wordsWithin = 300 * time.Millisecond
)

func (w *lastWords) pass(from io.ReadCloser, to io.Writer) {
	defer close(w.closed)
	defer from.Close()
	reader := bufio.NewReader(from)
	for {
		line, err := reader.ReadString('\n')
		if line != "" {
			_, _ = io.WriteString(to, line) // nobody reads the log any more: the program is to go on
			w.mutex.Lock()
			if w.lines = append(w.lines, line); len(w.lines) > wordsKept {
				w.lines = w.lines[1:]
			}
			w.mutex.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// LastWords are the last lines that the program, which has ended, has printed.
func (c *Child) LastWords() []string {
	select {
	case <-c.words.closed:
	case <-time.After(wordsWithin):
	}
	c.words.mutex.Lock()
	defer c.words.mutex.Unlock()
	return append([]string(nil), c.words.lines...)
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
