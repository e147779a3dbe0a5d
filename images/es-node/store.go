package main

import (
	"sync"
	"time"
)

// troubleAfter is how long a store may refuse lines before that is more than a moment's overload.
const troubleAfter = 15 * time.Second

// Store remembers how it takes lines: whoever asks for the health learns it, and retention looks at once when there is no room.
type Store struct {
	mu      sync.Mutex
	since   time.Time // of the first refusal after the last success; zero if there is none
	reason  string
	refused chan struct{}
	now     func() time.Time
}

// NewStore knows nothing bad.
func NewStore() *Store { return &Store{refused: make(chan struct{}, 1), now: time.Now} }

// Refuse says that lines could not be stored now, and why.
func (s *Store) Refuse(reason string) {
	s.mu.Lock()
	if s.since.IsZero() {
		s.since = s.now()
	}
	s.reason = reason
	s.mu.Unlock()
	select {
	case s.refused <- struct{}{}:
	default:
	}
}

// Accept says that all lines of a batch were settled.
func (s *Store) Accept() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since, s.reason = time.Time{}, ""
}

// Refused is filled after a refusal.
func (s *Store) Refused() <-chan struct{} { return s.refused }

// Trouble is what keeps lines out for longer than a moment; empty if nothing does.
func (s *Store) Trouble() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() || s.now().Sub(s.since) < troubleAfter {
		return ""
	}
	return "Elasticsearch takes no lines: " + s.reason
}
