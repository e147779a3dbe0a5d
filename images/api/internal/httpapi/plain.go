package httpapi

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"redis-platform/api/internal/logging"
	"redis-platform/api/internal/requestid"
)

// JSONErrors gives the answers that net/http writes by itself, to what it does not take for a request, the form that all other
// errors have. It accepts TCP connections only.
func JSONErrors(listener net.Listener, log *slog.Logger) net.Listener {
	return jsonErrors{listener, log}
}

type jsonErrors struct {
	net.Listener
	log *slog.Logger
}

func (l jsonErrors) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := accepted.(*net.TCPConn)
	if !ok {
		return accepted, nil
	}
	return &connection{TCPConn: tcp, log: l.log}, nil
}

// connection embeds a TCPConn, and not a net.Conn, because net/http looks for its CloseWrite.
type connection struct {
	*net.TCPConn
	log *slog.Logger
	// last is what was read last: the head of the request, unless that came in pieces.
	last []byte
}

func (c *connection) Read(into []byte) (int, error) {
	count, err := c.TCPConn.Read(into)
	c.last = into[:count]
	return count, err
}

// plain is how such an answer begins, in one piece. A handler's cannot: its headers are sorted, and JSON has no bare line ends.
var plain = regexp.MustCompile(`^HTTP/1\.1 ([45]\d\d) [^\r\n]*\r\n(?:Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n|Connection: close\r\nDate: [^\r\n]*\r\nContent-Length: 0\r\n\r\n$)`)

var idLine = regexp.MustCompile(`(?im)^` + requestid.Header + `:[ \t]*([^\r\n]*?)[ \t]*\r?$`)

// What net/http refuses, by status.
var refusals = map[int]*problem{
	http.StatusBadRequest: {http.StatusBadRequest, "bad_request",
		"this is not a well-formed HTTP request: look at its path (percent-escapes), Host and header lines.", nil},
	http.StatusExpectationFailed: {http.StatusExpectationFailed, "expectation_failed",
		"Expect can be 100-continue only: leave it out.", nil},
	http.StatusRequestHeaderFieldsTooLarge: {http.StatusRequestHeaderFieldsTooLarge, "headers_too_large",
		"the request's head is larger than 16 KiB: send fewer or shorter headers.", nil},
	http.StatusNotImplemented: {http.StatusNotImplemented, "not_implemented",
		"Transfer-Encoding can be chunked only.", nil},
	http.StatusHTTPVersionNotSupported: {http.StatusHTTPVersionNotSupported, "http_version_not_supported",
		"only HTTP/1.0 and HTTP/1.1 are spoken here.", nil},
}

func (c *connection) Write(text []byte) (int, error) {
	if !bytes.HasPrefix(text, []byte("HTTP/1.1 4")) && !bytes.HasPrefix(text, []byte("HTTP/1.1 5")) {
		return c.TCPConn.Write(text)
	}
	found := plain.FindSubmatch(text)
	if found == nil {
		return c.TCPConn.Write(text)
	}
	status, _ := strconv.Atoi(string(found[1])) // the pattern has digits only
	p := refusals[status]
	if p == nil {
		p = refusals[http.StatusBadRequest]
	}
	id := c.requestID()
	c.log.LogAttrs(logging.WithRequestID(context.Background(), id), slog.LevelInfo, "refused "+strconv.Itoa(p.status),
		slog.Int("http.response.status_code", p.status), slog.String("error.code", p.code))
	if _, err := c.TCPConn.Write(render(p, id)); err != nil {
		return 0, err
	}
	c.linger()
	return len(text), nil
}

// requestID is the id that a proxy gave the request that could not be read.
func (c *connection) requestID() string {
	var given []string
	for _, line := range idLine.FindAllSubmatch(c.last, -1) {
		given = append(given, string(line[1]))
	}
	return requestid.Of(given)
}

// linger reads what the client is still sending until it has read the answer and closes: net/http would close at once, and the client
// may get a reset before it has read.
func (c *connection) linger() {
	if err := c.CloseWrite(); err != nil {
		return // it is gone
	}
	if err := c.SetReadDeadline(time.Now().Add(time.Second)); err == nil {
		_, _ = io.CopyN(io.Discard, c.TCPConn, maxDrain) // whatever ends it, net/http closes next
	}
}

// render is a whole answer.
func render(p *problem, id string) []byte {
	body := encode(problemAnswer(p, id))
	answer := http.Response{
		StatusCode: p.status, ProtoMajor: 1, ProtoMinor: 1, Close: true, ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
		Header: http.Header{"Content-Type": {"application/json"}, "Cache-Control": {noStore}, "X-Content-Type-Options": {"nosniff"}, requestid.Header: {id}},
	}
	var text bytes.Buffer
	_ = answer.Write(&text) // a buffer takes everything
	return text.Bytes()
}
