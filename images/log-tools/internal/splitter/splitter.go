// Package splitter cuts a stream of bytes into lines.
package splitter

import (
	"bytes"
	"unicode/utf8"
)

// MaxLine is the longest line in bytes; longer ones become several.
const MaxLine = 64 << 10

// Splitter takes bytes as they come and emits lines.
type Splitter struct {
	emit   func(line []byte, cut bool)
	buffer []byte
	filled int
	cut    bool // pieces of the present line are out already
}

// New returns a splitter whose emit gets each line without its line end (LF or CRLF); empty lines are left out.
// cut says that it is a piece of a line longer than MaxLine. The bytes are only good during the call.
func New(emit func(line []byte, cut bool)) *Splitter {
	return &Splitter{emit: emit, buffer: make([]byte, 2*MaxLine)}
}

// Space is where the next bytes go; it holds at least MaxLine - 1.
func (s *Splitter) Space() []byte { return s.buffer[s.filled:] }

// Take says that the next n bytes are there.
func (s *Splitter) Take(n int) {
	rest := s.buffer[:s.filled+n]
	searched := s.filled
	for {
		end := bytes.IndexByte(rest[searched:], '\n')
		if end < 0 {
			break
		}
		s.line(rest[:searched+end])
		rest, searched = rest[searched+end+1:], 0
	}
	for len(rest) > MaxLine+len("\r") {
		rest = s.piece(rest)
	}
	s.filled = copy(s.buffer, rest)
}

// End emits what came after the last line end.
func (s *Splitter) End() {
	s.line(s.buffer[:s.filled])
	s.filled = 0
}

func (s *Splitter) line(line []byte) {
	line = bytes.TrimSuffix(line, []byte("\r"))
	for len(line) > MaxLine {
		line = s.piece(line)
	}
	if len(line) > 0 {
		s.emit(line, s.cut)
	}
	s.cut = false
}

// piece emits the beginning of a long line, up to the end of a character, and returns the rest.
func (s *Splitter) piece(line []byte) []byte {
	end := MaxLine
	for back := 1; back < utf8.UTFMax && end < len(line); back++ {
		if utf8.RuneStart(line[end]) {
			break
		}
		end--
	}
	s.cut = true
	s.emit(line[:end], true)
	return line[end:]
}
