package main

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"redis-platform/log-tools/internal/splitter"
)

const (
	// drainWithin is how long the program's descendants may go on printing after its end, and silentFor how long they may pause.
	drainWithin = time.Second
	silentFor   = 200 * time.Millisecond
	// pipeBytes is four times the usual: HAProxy drops lines when the pipe is full.
	pipeBytes = 256 << 10
	// breath after a read that was short and soon lets more lines come together: waking up costs more than a line does. A pipe
	// fills in that time at 50 MB/s.
	breath    = 5 * time.Millisecond
	shortRead = 16 << 10
	// portion is how many bytes of JSON go into the queues together: they take or drop it as a whole.
	portion = 64 << 10
)

// pipe is one output of the program.
type pipe struct {
	read, write   *os.File
	deadline      atomic.Pointer[time.Time] // set once the program has ended
	afterDeadline int                       // reads
}

func openPipes() (pipes [2]*pipe, err error) {
	for at := range pipes {
		read, write, err := os.Pipe()
		if err != nil {
			return pipes, err
		}
		growPipe(write)
		pipes[at] = &pipe{read: read, write: write}
	}
	return pipes, nil
}

// growPipe does nothing where the user's pipes hold too much already.
func growPipe(file *os.File) {
	raw, err := file.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_SETPIPE_SZ, pipeBytes)
	})
}

// copyTo reads until nobody can write any more, or the time after the program's end is over.
func (p *pipe) copyTo(log *journal) {
	renderer := log.origin.NewRenderer()
	var rendered []byte
	flush := func() {
		log.add(rendered)
		rendered = rendered[:0]
	}
	lines := splitter.New(func(line []byte, cut bool) {
		rendered = renderer.Append(rendered, line, cut)
		if len(rendered) >= portion {
			flush()
		}
	})
	var last time.Time
	for {
		n, err := p.read.Read(lines.Space())
		if errors.Is(err, os.ErrDeadlineExceeded) {
			n, err = p.readWaiting(lines.Space())
		}
		lines.Take(n)
		flush()
		if err != nil {
			break
		}
		p.extend()
		if n < shortRead && time.Since(last) < breath {
			time.Sleep(breath)
		}
		last = time.Now()
	}
	lines.End()
	flush()
}

// readWaiting reads what is in the pipe at the moment. A deadline alone would lose it where this process was held up (a CPU limit).
func (p *pipe) readWaiting(space []byte) (n int, err error) {
	if p.afterDeadline++; p.afterDeadline > pipeBytes/splitter.MaxLine {
		return 0, os.ErrDeadlineExceeded // somebody prints without end
	}
	_ = p.read.SetReadDeadline(time.Time{})
	raw, err := p.read.SyscallConn()
	if err != nil {
		return 0, err
	}
	readErr := raw.Read(func(fd uintptr) bool {
		n, err = syscall.Read(int(fd), space)
		return true
	})
	if n <= 0 {
		return 0, errors.Join(io.EOF, err, readErr)
	}
	return n, nil
}

// programEnded leaves its descendants, which may keep the pipe open, some more time.
func (p *pipe) programEnded() {
	deadline := time.Now().Add(drainWithin)
	p.deadline.Store(&deadline)
	p.extend()
}

// extend lets the next read wait for silentFor, but not past the deadline.
func (p *pipe) extend() {
	deadline := p.deadline.Load()
	if deadline == nil {
		return
	}
	until := time.Now().Add(silentFor)
	if until.After(*deadline) {
		until = *deadline
	}
	_ = p.read.SetReadDeadline(until)
}
