// Package sink writes lines to places that may be slow, full or gone, without ever making the one wait who has the lines.
package sink

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// keepBytes is what a buffer may keep while there is little to do.
	keepBytes = 1 << 20
	// retryEvery and complainEvery while the place takes nothing.
	retryEvery    = time.Second
	complainEvery = 30 * time.Second
)

// Sink hands lines on to one place. What the place refuses waits in a bounded queue; what the queue cannot take is dropped
// and counted, and the count is written where the lines would have been.
type Sink struct {
	name    string
	to      io.Writer // takes complete lines; what it counts as written must be complete lines too
	note    func(message string) []byte
	queue   *queue
	closing chan struct{}
	done    chan struct{}

	mu         sync.Mutex
	complain   func(lines []byte) // to somewhere else
	complained time.Time
	trouble    error // of the last write
	unwritten  []byte
	untold     int // lines that the last line of unwritten says were dropped
}

// New starts a sink. At most `limit` bytes wait in memory, and as much again may be on its way. note renders a warning of this program
// as a line.
func New(name string, to io.Writer, limit int, note func(message string) []byte) *Sink {
	s := &Sink{name: name, to: to, note: note, queue: newQueue(limit), closing: make(chan struct{}), done: make(chan struct{})}
	go s.run()
	return s
}

// ComplainTo says who learns that lines are being dropped while this sink cannot say so itself.
func (s *Sink) ComplainTo(other *Sink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.complain = func(lines []byte) { other.queue.add(lines) }
}

// Add takes complete lines and never waits.
func (s *Sink) Add(lines []byte) {
	if !s.queue.add(lines) {
		s.report()
	}
}

// Close writes what is there, for as long as it is given, and returns how many lines are lost.
func (s *Sink) Close(within time.Duration) (lost int) {
	close(s.closing)
	select {
	case <-s.done:
	case <-time.After(within):
	}
	waiting, dropped := s.missing()
	return waiting + dropped
}

// missing counts the lines that wait and those that were dropped without a word yet.
func (s *Sink) missing() (waiting, dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting, dropped = s.queue.waiting()
	waiting += countLines(s.unwritten)
	if s.untold > 0 && len(s.unwritten) > 0 {
		waiting--
		dropped += s.untold
	}
	return waiting, dropped
}

func (s *Sink) run() {
	defer close(s.done)
	var spare []byte
	for open := true; open; {
		select {
		case <-s.queue.filled:
		case <-s.closing:
			open = false
		}
		lines, dropped := s.queue.swap(spare)
		if dropped > 0 {
			lines = append(lines, s.note(droppedMessage(dropped, s.name, "the queue was full"))...)
		}
		s.mu.Lock()
		s.untold = dropped
		s.mu.Unlock()
		s.write(lines)
		spare = lines
		if cap(spare) > keepBytes {
			spare = nil
		}
	}
}

// write goes on until all lines are written; while the sink is closing it tries once.
func (s *Sink) write(lines []byte) {
	for {
		s.mu.Lock()
		s.unwritten = lines
		s.mu.Unlock()
		if len(lines) == 0 {
			return
		}
		n, err := s.to.Write(lines)
		lines = lines[n:]
		s.mu.Lock()
		s.trouble = err
		s.mu.Unlock()
		if err == nil {
			continue
		}
		s.report()
		select {
		case <-s.closing:
			return
		case <-time.After(retryEvery):
		}
	}
}

// report tells the other sink that this one is in trouble.
func (s *Sink) report() {
	s.mu.Lock()
	complain := s.complain
	if complain == nil || time.Since(s.complained) < complainEvery {
		s.mu.Unlock()
		return
	}
	s.complained = time.Now()
	why := "it takes nothing at the moment"
	if s.trouble != nil {
		why = s.trouble.Error()
	}
	s.mu.Unlock()
	waiting, dropped := s.missing()
	complain(s.note(droppedMessage(dropped, s.name, fmt.Sprintf("%s; %d lines wait", why, waiting))))
}

func droppedMessage(lines int, name, why string) string {
	return fmt.Sprintf("%d lines were dropped: %s: %s", lines, name, why)
}
