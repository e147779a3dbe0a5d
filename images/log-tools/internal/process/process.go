// Package process runs the one program of a container as its first process must: it hands on signals and reaps orphans.
package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// Process is the program.
type Process struct {
	pid   int
	Ended <-chan syscall.WaitStatus // gets one value
}

// Start starts a program with these outputs and this process's input. From now on no other child can be waited for.
func Start(command []string, stdout, stderr *os.File) (*Process, error) {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return nil, err
	}
	adoptOrphans()
	pid, err := syscall.ForkExec(path, command, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, stdout.Fd(), stderr.Fd()},
		// A terminal's Ctrl+C would reach it twice otherwise.
		Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	ended := make(chan syscall.WaitStatus, 1)
	go reap(pid, ended)
	return &Process{pid, ended}, nil
}

// prSetChildSubreaper is PR_SET_CHILD_SUBREAPER of prctl(2).
const prSetChildSubreaper = 36

// adoptOrphans makes orphans come here also where this is not process 1 (`docker run --init`).
func adoptOrphans() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0)
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

// CatchSignals collects every signal that can be caught. Call it before Start, so that none ends this process in between.
func CatchSignals() <-chan os.Signal {
	caught := make(chan os.Signal, 64)
	signal.Notify(caught)
	return caught
}

// Forward hands signals on, for ever.
func (p *Process) Forward(signals <-chan os.Signal) {
	for one := range signals {
		switch number := one.(syscall.Signal); number {
		case syscall.SIGCHLD, syscall.SIGPIPE, syscall.SIGXCPU, syscall.SIGXFSZ, syscall.SIGURG:
			// The kernel's, about this process; Go interrupts itself with URG.
		default:
			_ = syscall.Kill(p.pid, number) // fails only when it has just ended
		}
	}
}

// ExitCode is what a shell would say: the program's own, or 128 + the signal that killed it.
func ExitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
