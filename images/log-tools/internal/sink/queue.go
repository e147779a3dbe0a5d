package sink

import (
	"bytes"
	"sync"
)

// queue holds complete lines between one that adds and one that writes, within a bound.
type queue struct {
	limit   int
	filled  chan struct{} // has room for one: something is there
	mu      sync.Mutex
	lines   []byte
	dropped int // since the last swap; they came after all lines here
}

func newQueue(limit int) *queue {
	return &queue{limit: limit, filled: make(chan struct{}, 1)}
}

// add takes lines in, or counts them as dropped: then the queue is full, or was and what dropped is not reported yet.
func (q *queue) add(lines []byte) bool {
	q.mu.Lock()
	fits := q.dropped == 0 && len(q.lines)+len(lines) <= q.limit
	if fits {
		q.lines = append(q.lines, lines...)
	} else {
		q.dropped += countLines(lines)
	}
	q.mu.Unlock()
	select {
	case q.filled <- struct{}{}:
	default:
	}
	return fits
}

// swap takes out all lines and leaves an empty buffer in their place.
func (q *queue) swap(empty []byte) (lines []byte, dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lines, dropped = q.lines, q.dropped
	q.lines, q.dropped = empty[:0], 0
	return lines, dropped
}

// waiting counts lines.
func (q *queue) waiting() (lines, dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return countLines(q.lines), q.dropped
}

func countLines(lines []byte) int { return bytes.Count(lines, []byte{'\n'}) }
