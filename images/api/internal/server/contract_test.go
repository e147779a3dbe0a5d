package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"redis-platform/api/internal/httpapi"
	"redis-platform/api/internal/items"
	"redis-platform/api/internal/itemstest"
	"redis-platform/api/internal/logging"
)

type alwaysThere struct{}

// Ping implements httpapi.Pinger.
func (alwaysThere) Ping(context.Context) (time.Duration, error) { return time.Millisecond, nil }

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(text)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

const bodyLimit = 64 << 10

// startAPI is the whole API but for Redis.
func startAPI(t *testing.T) (address string, log *lockedBuffer) {
	t.Helper()
	listeners, err := Listen([]string{"127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	log = &lockedBuffer{}
	logger := logging.New(log, nil)
	api := httpapi.New(httpapi.Options{
		Service: items.NewService(itemstest.NewMemory(), 64), Redis: alwaysThere{}, Metrics: prometheus.NewRegistry(), MaxBodyBytes: bodyLimit, Log: logger,
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Serve(ctx, listeners, Options{Handler: api, OnDrain: api.Drain, DrainTimeout: time.Second, Log: logger})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return listeners[0].Addr().String(), log
}

// send writes bytes as they are and reads one answer.
func send(t *testing.T, address, text string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	// Sent beside reading: an answer may come before everything is sent.
	go func() { _, _ = io.WriteString(conn, text) }()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.60q: %v", text, err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%.60q: %v", text, err)
	}
	return answer, string(body)
}

func wantJSON(t *testing.T, answer *http.Response, body string, status int, code string) (id string) {
	t.Helper()
	var found struct {
		Error struct{ Code, Message, RequestID string }
	}
	err := json.Unmarshal([]byte(body), &found)
	if err != nil || answer.StatusCode != status || found.Error.Code != code || found.Error.Message == "" || found.Error.RequestID == "" ||
		answer.Header.Get("X-Request-ID") != found.Error.RequestID || answer.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("got %d %v %q (%v), want %d %s", answer.StatusCode, answer.Header, body, err, status, code)
	}
	return found.Error.RequestID
}

func TestWhatIsNoRequestGetsAJSONErrorToo(t *testing.T) {
	address, log := startAPI(t)
	const head = "Host: api\r\nX-Request-ID: id-1\r\n"
	for name, test := range map[string]struct {
		text   string
		status int
		code   string
		id     string
	}{
		"a bad escape":             {"GET /v1/items/%zz HTTP/1.1\r\n" + head + "\r\n", 400, "bad_request", "id-1"},
		"half an escape":           {"GET /v1/items/% HTTP/1.1\r\n" + head + "\r\n", 400, "bad_request", "id-1"},
		"a bad escape with a body": {"PUT /v1/items/%zz HTTP/1.1\r\n" + head + "Content-Length: 300000\r\n\r\n" + strings.Repeat("x", 300_000), 400, "bad_request", "id-1"},
		"two ids":                  {"GET /% HTTP/1.1\r\n" + head + "x-request-id: id-2\r\n\r\n", 400, "bad_request", ""},
		"an id that is not sane":   {"GET /% HTTP/1.1\r\nHost: api\r\nX-Request-ID: a\",b\r\n\r\n", 400, "bad_request", ""},
		"garbage":                  {"GARBAGE\r\n\r\n", 400, "bad_request", ""},
		"no host":                  {"GET /live HTTP/1.1\r\n\r\n", 400, "bad_request", ""},
		"two hosts":                {"GET /live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad_request", ""},
		"a header that is none":    {"GET /live HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n", 400, "bad_request", ""},
		"a control character":      {"GET /live HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400, "bad_request", ""},
		"an unknown coding":        {"PUT /v1/items/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: foo\r\n\r\n", 501, "not_implemented", ""},
		"another version":          {"GET /live HTTP/3.0\r\nHost: a\r\n\r\n", 505, "http_version_not_supported", ""},
		"an unknown expectation":   {"PUT /v1/items/a HTTP/1.1\r\n" + head + "Expect: foo\r\nContent-Length: 1\r\n\r\nx", 417, "expectation_failed", "id-1"},
		"a head of 30 KB":          {"GET /live HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 30_000) + "\r\n\r\n", 431, "headers_too_large", ""},
		"everything, asked about":  {"OPTIONS * HTTP/1.1\r\n" + head + "\r\n", 404, "no_such_route", "id-1"},
		"a proxy's request":        {"CONNECT a:80 HTTP/1.1\r\n" + head + "\r\n", 404, "no_such_route", "id-1"},
		"a body that is no chunk":  {"PUT /v1/items/a HTTP/1.1\r\n" + head + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "invalid_body", "id-1"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, body := send(t, address, test.text)
			id := wantJSON(t, answer, body, test.status, test.code)
			if test.id != "" && id != test.id || test.id == "" && len(id) != 26 {
				t.Errorf("its id is %s", id)
			}
			if !strings.Contains(log.String(), `"request.id":"`+id+`"`) {
				t.Errorf("the log does not know %s: %s", id, log)
			}
		})
	}
}

func TestAnUploadAboveTheLimitIsReadAndThenRefused(t *testing.T) {
	address, _ := startAPI(t)
	chunk := "10000\r\n" + strings.Repeat("x", 0x10000) + "\r\n"
	for name, test := range map[string]struct {
		headers, body, code string
		status              int
	}{
		"of a known size": {"Content-Type: application/json\r\nContent-Length: 5000000\r\n", strings.Repeat("x", 5_000_000), "body_too_large", 413},
		"by one byte":     {"Content-Type: application/json\r\nContent-Length: 65537\r\n", strings.Repeat("x", 65_537), "body_too_large", 413},
		"in chunks":       {"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", strings.Repeat(chunk, 80) + "0\r\n\r\n", "body_too_large", 413},
		"compressed":      {"Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 5000000\r\n", strings.Repeat("x", 5_000_000), "unsupported_content_encoding", 415},
		"with a bad ETag": {"If-Match: x\r\nContent-Length: 5000000\r\n", strings.Repeat("x", 5_000_000), "invalid_precondition", 400},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			// A client that sends everything before it reads anything is the one that a reset would hit.
			if _, err := io.WriteString(conn, "PUT /v1/items/a HTTP/1.1\r\nHost: a\r\n"+test.headers+"\r\n"+test.body); err != nil {
				t.Fatal(err)
			}
			time.Sleep(200 * time.Millisecond)
			reader := bufio.NewReader(conn)
			answer, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			wantJSON(t, answer, string(body), test.status, test.code)
			// Everything was read, so the connection is as good as new.
			_, _ = io.WriteString(conn, "GET /live HTTP/1.1\r\nHost: a\r\n\r\n")
			if next, err := http.ReadResponse(reader, nil); err != nil || next.StatusCode != 200 {
				t.Errorf("%v, %v", next, err)
			}
		})
	}
}

func TestAClientThatWaitsToBeAskedIsRefusedAtOnce(t *testing.T) {
	address, _ := startAPI(t)
	answer, body := send(t, address, "PUT /v1/items/a HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 5000000\r\n\r\n")
	wantJSON(t, answer, body, 413, "body_too_large")
}
