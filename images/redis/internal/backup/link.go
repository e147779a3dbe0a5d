package backup

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// How long a node may be silent. One that waits for its own fork says so every 10 s (repl-ping-replica-period).
const (
	dialTimeout = 2 * time.Second
	silence     = 30 * time.Second
)

// markLength is that of the mark which ends a snapshot whose length is not known beforehand.
const markLength = 40

// link is a connection to a Redis node that asks for INFO first and, in the end, for a snapshot, as a replica does (PSYNC).
type link struct {
	conn   net.Conn
	reader *bufio.Reader
	undo   func() bool
}

// open connects and logs in. When ctx ends, so does the connection.
func open(ctx context.Context, endpoint, username, password string) (*link, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", endpoint)
	if err != nil {
		return nil, err
	}
	l := &link{conn: conn, reader: bufio.NewReaderSize(patient{conn}, 64<<10)}
	l.undo = context.AfterFunc(ctx, func() { conn.Close() })
	if _, err := l.call("AUTH", username, password); err != nil {
		l.close()
		return nil, fmt.Errorf("%s: %w", endpoint, err)
	}
	return l, nil
}

func (l *link) close() {
	l.undo()
	l.conn.Close()
}

// call returns simple and bulk strings; no other answers are asked for.
func (l *link) call(words ...string) (string, error) {
	var command strings.Builder
	fmt.Fprintf(&command, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&command, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(l.conn, command.String()); err != nil {
		return "", err
	}
	line, err := l.line()
	if err != nil {
		return "", err
	}
	switch {
	case strings.HasPrefix(line, "+"):
		return line[1:], nil
	case strings.HasPrefix(line, "-"):
		return "", errors.New(line[1:])
	case strings.HasPrefix(line, "$"):
		length, err := strconv.ParseUint(line[1:], 10, 24)
		if err != nil {
			return "", fmt.Errorf("unexpected answer %q", line)
		}
		body := make([]byte, length+2)
		if _, err := io.ReadFull(l.reader, body); err != nil {
			return "", err
		}
		return string(body[:length]), nil
	}
	return "", fmt.Errorf("unexpected answer %.40q", line)
}

// snapshot asks for one and says where it stands. Nothing else can be asked afterwards.
func (l *link) snapshot() (replication string, offset int64, content io.Reader, err error) {
	// A Sentinel that sees us in its master's list would remember us as a replica for ever. It refuses such a port, and so the entry.
	if _, err = l.call("REPLCONF", "listening-port", "65536"); err != nil {
		return "", 0, nil, err
	}
	// Without `rdb-only`, the node would keep all that is written meanwhile, for us.
	if _, err = l.call("REPLCONF", "rdb-only", "1", "capa", "eof"); err != nil {
		return "", 0, nil, err
	}
	answer, err := l.call("PSYNC", "?", "-1")
	if err != nil {
		return "", 0, nil, err
	}
	words := strings.Fields(answer)
	if len(words) != 3 || words[0] != "FULLRESYNC" {
		return "", 0, nil, fmt.Errorf("PSYNC was answered with %q", answer)
	}
	if offset, err = strconv.ParseInt(words[2], 10, 64); err != nil {
		return "", 0, nil, fmt.Errorf("PSYNC was answered with %q", answer)
	}
	content, err = l.content()
	return words[1], offset, content, err
}

// content is what follows: of a known length, or up to a mark.
func (l *link) content() (io.Reader, error) {
	header := ""
	// Empty lines keep the connection alive while the node prepares.
	for header == "" {
		var err error
		if header, err = l.line(); err != nil {
			return nil, err
		}
	}
	if mark, found := strings.CutPrefix(header, "$EOF:"); found && len(mark) == markLength {
		return &untilMark{source: l.reader, mark: []byte(mark)}, nil
	}
	if length, err := strconv.ParseInt(strings.TrimPrefix(header, "$"), 10, 64); err == nil && strings.HasPrefix(header, "$") {
		return &exactly{source: l.reader, left: length}, nil
	}
	return nil, fmt.Errorf("unexpected answer %.40q", header)
}

func (l *link) line() (string, error) {
	line, err := l.reader.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}

// patient reads with a new deadline each time.
type patient struct{ conn net.Conn }

func (p patient) Read(into []byte) (int, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return p.conn.Read(into)
}

// exactly reads a number of bytes. Fewer are an error, which io.LimitReader would not tell.
type exactly struct {
	source io.Reader
	left   int64
}

func (e *exactly) Read(into []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.source.Read(into[:min(int64(len(into)), e.left)])
	e.left -= int64(n)
	if errors.Is(err, io.EOF) && e.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// untilMark reads up to a mark, after which the source is silent. An end before it is an error.
type untilMark struct {
	source io.Reader
	mark   []byte
	held   []byte // may hold the mark, or a part of it
	buffer [32 << 10]byte
}

func (u *untilMark) Read(into []byte) (int, error) {
	for {
		if bytes.HasSuffix(u.held, u.mark) {
			if len(u.held) == len(u.mark) {
				return 0, io.EOF
			}
			return u.give(into), nil
		}
		if len(u.held) > len(u.mark) {
			return u.give(into), nil
		}
		n, err := u.source.Read(u.buffer[:])
		u.held = append(u.held, u.buffer[:n]...)
		if errors.Is(err, io.EOF) && !bytes.HasSuffix(u.held, u.mark) {
			return 0, io.ErrUnexpectedEOF
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
	}
}

// give keeps as much back as the mark is long.
func (u *untilMark) give(into []byte) int {
	n := copy(into, u.held[:len(u.held)-len(u.mark)])
	u.held = append(u.held[:0], u.held[n:]...)
	return n
}
