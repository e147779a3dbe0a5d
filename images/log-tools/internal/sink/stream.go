package sink

import (
	"bytes"
	"io"
)

// Stream is standard output: what cannot be taken back.
type Stream struct {
	to   io.Writer
	torn bool // it ends with a piece of a line
}

// NewStream wraps a file.
func NewStream(to io.Writer) *Stream { return &Stream{to: to} }

// Write takes complete lines. It counts only lines that were written as a whole.
func (s *Stream) Write(lines []byte) (int, error) {
	if s.torn {
		if _, err := s.to.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
		s.torn = false
	}
	n, err := s.to.Write(lines)
	whole := bytes.LastIndexByte(lines[:n], '\n') + 1
	s.torn = whole < n
	return whole, err
}
