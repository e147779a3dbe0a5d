package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"redis-platform/api/internal/items"
	"redis-platform/api/internal/itemstest"
	"redis-platform/api/internal/logging"
)

type fixture struct {
	api    *API
	memory *itemstest.Memory
	ping   error
	log    *lockedBuffer
	level  slog.LevelVar
	// impossible allows answers that openapi.json does not have, from failures that the repository does not have there.
	impossible bool
}

// Ping implements Pinger.
func (f *fixture) Ping(context.Context) (time.Duration, error) { return 420 * time.Microsecond, f.ping }

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

func newFixture() *fixture {
	f := &fixture{memory: itemstest.NewMemory(), log: &lockedBuffer{}}
	f.api = New(Options{
		Service: items.NewService(f.memory, 16), Redis: f, Metrics: prometheus.NewRegistry(), MaxBodyBytes: 200,
		Log: logging.New(f.log, &f.level),
	})
	return f
}

// send takes headers as "Name: value". A body gets the JSON content type unless a header says otherwise.
func (f *fixture) send(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	return f.exchange(request)
}

// exchange panics where openapi.json does not have the answer.
func (f *fixture) exchange(request *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	f.api.ServeHTTP(answer, request)
	if what := declared.undeclared(request, answer); what != "" && !f.impossible {
		panic(fmt.Sprintf("openapi.json does not have %s of %s %s: %d %s", what, request.Method, request.URL, answer.Code, answer.Body))
	}
	return answer
}

func wantStatus(t *testing.T, answer *httptest.ResponseRecorder, status int) {
	t.Helper()
	if answer.Code != status {
		t.Fatalf("got %d %s, want %d", answer.Code, answer.Body, status)
	}
}

// wantProblem checks the whole shape of an error answer.
func wantProblem(t *testing.T, answer *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	var body map[string]map[string]string
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
		t.Fatalf("%d %q is not JSON: %v", answer.Code, answer.Body, err)
	}
	found := body["error"]
	if answer.Code != status || found["code"] != code || found["message"] == "" || len(body) != 1 || len(found) != 3 ||
		found["requestId"] == "" || found["requestId"] != answer.Header().Get("X-Request-ID") ||
		answer.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("got %d %s, want %d %s", answer.Code, answer.Body, status, code)
	}
	if (answer.Header().Get("Retry-After") != "") != (status == http.StatusServiceUnavailable) {
		t.Fatalf("%d with Retry-After %q", status, answer.Header().Get("Retry-After"))
	}
}

func TestAnItemIsCreatedReadReplacedAndDeleted(t *testing.T) {
	f := newFixture()
	created := f.send("PUT", "/v1/items/k", `{"value": {"a": [1, "<&>"]}, "ttlSeconds": 60}`)
	wantStatus(t, created, http.StatusCreated)
	if got := created.Body.String(); got != `{"key":"k","value":{"a":[1,"<&>"]},"version":1,"ttlSeconds":60}`+"\n" || created.Header().Get("ETag") != `"1"` {
		t.Fatalf("%s %s", got, created.Header().Get("ETag"))
	}
	read := f.send("GET", "/v1/items/k", "")
	wantStatus(t, read, http.StatusOK)
	if read.Body.String() != created.Body.String() || read.Header().Get("ETag") != `"1"` {
		t.Fatal(read.Body)
	}
	replaced := f.send("PUT", "/v1/items/k", `{"value":null}`)
	wantStatus(t, replaced, http.StatusOK)
	if got := replaced.Body.String(); got != `{"key":"k","value":null,"version":2,"ttlSeconds":null}`+"\n" {
		t.Fatal(got)
	}
	wantStatus(t, f.send("DELETE", "/v1/items/k", ""), http.StatusNoContent)
	wantProblem(t, f.send("GET", "/v1/items/k", ""), http.StatusNotFound, "not_found")
	wantProblem(t, f.send("DELETE", "/v1/items/k", ""), http.StatusNotFound, "not_found")
}

func TestPreconditions(t *testing.T) {
	f := newFixture()
	put := func(header string) *httptest.ResponseRecorder {
		return f.send("PUT", "/v1/items/k", `{"value":1}`, header)
	}
	wantProblem(t, put(`If-Match: *`), 412, "precondition_failed")
	wantStatus(t, put(`If-None-Match: *`), 201) // version 1
	wantProblem(t, put(`If-None-Match: *`), 412, "precondition_failed")
	wantStatus(t, put(`If-Match: *`), 200)        // 2
	wantStatus(t, put(`If-Match: "7", "2"`), 200) // 3
	for _, stale := range []string{`"2"`, `W/"3"`, `"03"`, `"abc"`, `"99999999999999999999"`} {
		wantProblem(t, put(`If-Match: `+stale), 412, "precondition_failed")
	}
	for _, bad := range []string{`If-Match: 3`, `If-Match: "3`, `If-None-Match: "3"`} {
		wantProblem(t, put(bad), 400, "invalid_precondition")
	}
	wantProblem(t, f.send("DELETE", "/v1/items/k", "", `If-Match: "2"`), 412, "precondition_failed")
	wantStatus(t, f.send("DELETE", "/v1/items/k", "", `If-Match: "3"`), 204)
	wantProblem(t, f.send("DELETE", "/v1/items/k", "", `If-Match: "3"`), 412, "precondition_failed")
}

func TestCounters(t *testing.T) {
	f := newFixture()
	wantProblem(t, f.send("GET", "/v1/counters/c", ""), 404, "not_found")
	for _, step := range []struct{ body, want string }{{"", "1"}, {"{}", "2"}, {`{"by":40}`, "42"}, {`{"by":-2}`, "40"}} {
		answer := f.send("POST", "/v1/counters/c", step.body)
		if answer.Code != 200 || answer.Body.String() != `{"key":"c","value":`+step.want+"}\n" {
			t.Fatalf("%s: %d %s", step.body, answer.Code, answer.Body)
		}
	}
	wantStatus(t, f.send("GET", "/v1/counters/c", ""), 200)
	wantProblem(t, f.send("POST", "/v1/counters/c", `{"by":9223372036854775807}`), 409, "counter_out_of_range")
	for _, bad := range []string{`{"by":1.5}`, `{"by":"1"}`, `{"by":null}`, `{"by":9223372036854775808}`, `{"to":1}`} {
		wantProblem(t, f.send("POST", "/v1/counters/c", bad), 400, "invalid_body")
	}
}

func TestRefusedInput(t *testing.T) {
	f := newFixture()
	for _, test := range []struct {
		method, path, body, header string
		status                     int
		code                       string
	}{
		{"PUT", "/v1/items/k", "", "", 400, "invalid_body"},
		{"PUT", "/v1/items/k", `{}`, "", 400, "invalid_body"},
		{"PUT", "/v1/items/k", `{"value":1`, "", 400, "invalid_body"},
		{"PUT", "/v1/items/k", `{"value":1}{}`, "", 400, "invalid_body"},
		{"PUT", "/v1/items/k", `[]`, "", 400, "invalid_body"},
		{"PUT", "/v1/items/k", `null`, "", 400, "invalid_body"},
		{"PUT", "/v1/items/k", "{\"value\":\"\xff\"}", "", 400, "invalid_body"},
		{"PUT", "/v1/items/k", `{"value":1,"ttl":1}`, "", 400, "invalid_body"},
		{"PUT", "/v1/items/k", `{"VALUE":1}`, "", 400, "invalid_body"},
		{"PUT", "/v1/items/k", `{"value":1,"ttlSeconds":1.5}`, "", 400, "invalid_body"},
		{"PUT", "/v1/items/k", `{"value":1,"ttlSeconds":"60"}`, "", 400, "invalid_body"},
		{"PUT", "/v1/items/k", `{"value":1,"ttlSeconds":-1}`, "", 400, "invalid_ttl"},
		{"PUT", "/v1/items/k", `{"value":1}`, "Content-Type: text/plain", 415, "unsupported_media_type"},
		{"PUT", "/v1/items/k", `{"value":1}`, "Content-Type: ", 415, "unsupported_media_type"},
		{"PUT", "/v1/items/k", `{"value":"` + strings.Repeat("x", 200) + `"}`, "", 413, "body_too_large"},
		{"PUT", "/v1/items/" + strings.Repeat("k", 17), `{"value":1}`, "", 400, "invalid_key"},
		{"GET", "/v1/items/a%0Ab", "", "", 400, "invalid_key"},
		{"GET", "/v1/items/%FF", "", "", 400, "invalid_key"},
		{"GET", "/v1/items/", "", "", 404, "no_such_route"},
		{"GET", "/v1/items/a/b", "", "", 404, "no_such_route"},
		{"GET", "/v1//items/a", "", "", 404, "no_such_route"},
		{"GET", "/v1/items/../x", "", "", 404, "no_such_route"},
		{"GET", "/", "", "", 404, "no_such_route"},
		{"POST", "/v1/items/k", `{"value":1}`, "", 405, "method_not_allowed"},
		{"DELETE", "/v1/counters/k", "", "", 405, "method_not_allowed"},
		{"POST", "/health", "", "", 405, "method_not_allowed"},
	} {
		t.Run(test.method+" "+test.path+" "+test.body[:min(30, len(test.body))], func(t *testing.T) {
			var headers []string
			if test.header != "" {
				headers = append(headers, test.header)
			}
			wantProblem(t, f.send(test.method, test.path, test.body, headers...), test.status, test.code)
		})
	}
	if allow := f.send("POST", "/v1/items/k", "").Header().Get("Allow"); allow != "DELETE, GET, HEAD, PUT" {
		t.Fatal(allow)
	}
}

func TestAKeyMayHoldASlashInPercentEncoding(t *testing.T) {
	f := newFixture()
	wantStatus(t, f.send("PUT", "/v1/items/a%2Fb%2F..", `{"value":1}`, "Content-Type: application/json; charset=utf-8"), 201)
	if answer := f.send("GET", "/v1/items/a%2Fb%2F..", ""); !strings.Contains(answer.Body.String(), `"key":"a/b/.."`) {
		t.Fatal(answer.Body)
	}
}

func TestErrorsOfTheRepository(t *testing.T) {
	cause := errors.New("dial 10.1.2.3: refused")
	for _, test := range []struct {
		err    error
		status int
		code   string
	}{
		{&items.UnavailableError{Cause: cause}, 503, "redis_unavailable"},
		{&items.UnavailableError{OutcomeUnknown: true, Cause: cause}, 503, "outcome_unknown"},
		{items.ErrIdempotencyKeyReused, 422, "idempotency_key_reused"},
		{items.ErrOutOfMemory, 507, "out_of_memory"},
		{fmt.Errorf("wrapped: %w", cause), 500, "internal_error"},
	} {
		f := newFixture()
		f.memory.Fail(test.err)
		answer := f.send("PUT", "/v1/items/k", `{"value":1}`)
		wantProblem(t, answer, test.status, test.code)
		if strings.Contains(answer.Body.String(), "10.1.2.3") {
			t.Errorf("%s tells the client an address", test.code)
		}
		if test.status >= 500 && !strings.Contains(f.log.String(), test.err.Error()) {
			t.Errorf("%s: the log does not have the cause: %s", test.code, f.log)
		}
	}
}

func TestHealthIsProcessAndRedisAndLiveIsTheProcess(t *testing.T) {
	f := newFixture()
	health := f.send("GET", "/health", "")
	if health.Code != 200 || health.Body.String() != `{"status":"ok","redis":{"status":"ok","latencyMs":0.42}}`+"\n" {
		t.Fatal(health.Code, health.Body)
	}
	f.ping = errors.New("dial 10.1.2.3: refused")
	health = f.send("GET", "/health", "")
	if health.Code != 503 || !strings.Contains(health.Body.String(), `"reason":"no Redis master`) || strings.Contains(health.Body.String(), "10.1.2.3") {
		t.Fatal(health.Code, health.Body)
	}
	wantStatus(t, f.send("GET", "/live", ""), 200)
}

func TestDrainingFailsHealthAndClosesConnections(t *testing.T) {
	f := newFixture()
	f.api.Drain()
	health := f.send("GET", "/health", "")
	if health.Code != 503 || !strings.Contains(health.Body.String(), `"status":"draining"`) {
		t.Fatal(health.Code, health.Body)
	}
	answer := f.send("PUT", "/v1/items/k", `{"value":1}`)
	if answer.Code != 201 || answer.Header().Get("Connection") != "close" {
		t.Fatal(answer.Code, answer.Header())
	}
}

func TestRequestIDsAreKeptIfSane(t *testing.T) {
	f := newFixture()
	if got := f.send("GET", "/v1/items/k", "", "X-Request-ID: abc-123/4").Header().Get("X-Request-ID"); got != "abc-123/4" {
		t.Fatal(got)
	}
	for _, bad := range []string{"a b", `a"b`, "a\nb", strings.Repeat("a", 129), "é"} {
		if got := f.send("GET", "/v1/items/k", "", "X-Request-ID: "+bad).Header().Get("X-Request-ID"); got == bad || len(got) < 20 {
			t.Errorf("%q became %q", bad, got)
		}
	}
}

func TestMetricsCountByPatternAndNotByPath(t *testing.T) {
	f := newFixture()
	f.send("GET", "/v1/items/one", "")
	f.send("GET", "/v1/items/two", "")
	f.send("BREW", "/nowhere", "")
	text := f.send("GET", "/metrics", "").Body.String()
	for _, want := range []string{
		`api_http_request_duration_seconds_count{method="GET",route="/v1/items/{key}",status="404"} 2`,
		`api_http_request_duration_seconds_count{method="other",route="unmatched",status="404"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
}

type panicking struct{ items.Repository }

func (panicking) Counter(context.Context, string) (int64, error) { panic("broken") }

func TestAPanicIsA500AndIsLogged(t *testing.T) {
	f := newFixture()
	f.api.service = items.NewService(panicking{}, 16)
	wantProblem(t, f.send("GET", "/v1/counters/k", ""), 500, "internal_error")
	if !strings.Contains(f.log.String(), `"message":"panic","error.message":"broken"`) {
		t.Fatal(f.log)
	}
}
