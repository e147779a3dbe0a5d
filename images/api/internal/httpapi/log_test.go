package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"redis-platform/api/internal/items"
)

// logged returns the lines as objects.
func (f *fixture) logged(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for _, text := range strings.Split(strings.TrimSpace(f.log.String()), "\n") {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestARequestIsOneLineWithTheNamesOfTheCommonSchema(t *testing.T) {
	f := newFixture()
	f.send("PUT", "/v1/items/a%2Fb?token=no", `{"value":"privatevalue"}`, "X-Request-ID: id-1")
	f.send("GET", "/live", "")
	f.send("GET", "/health", "")
	lines := f.logged(t)
	if len(lines) != 1 {
		t.Fatalf("%d lines: %s", len(lines), f.log)
	}
	line := lines[0]
	at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(line["@timestamp"]))
	if err != nil || time.Since(at) > time.Minute || !strings.HasSuffix(fmt.Sprint(line["@timestamp"]), "Z") {
		t.Errorf("@timestamp is %v", line["@timestamp"])
	}
	duration, isNumber := line["event.duration"].(float64)
	if !isNumber || duration <= 0 || duration != float64(int64(duration)) || duration > float64(time.Minute) {
		t.Errorf("event.duration is %v", line["event.duration"])
	}
	delete(line, "@timestamp")
	delete(line, "event.duration")
	want := map[string]any{
		"log.level": "info", "message": "PUT /v1/items/a%2Fb 201", "request.id": "id-1", "http.request.method": "PUT",
		"url.path": "/v1/items/a%2Fb", "http.route": "/v1/items/{key}", "http.response.status_code": 201.0, "http.response.body.bytes": 67.0,
	}
	if fmt.Sprint(line) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", line, want)
	}
}

func TestLevelsFollowTheStatus(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, "info"},
		{items.ErrPreconditionFailed, "info"},
		{&items.UnavailableError{Cause: errors.New("refused")}, "warn"},
		{errors.New("broken"), "error"},
	} {
		f := newFixture()
		f.memory.Fail(test.err)
		f.send("PUT", "/v1/items/k", `{"value":1}`)
		lines := f.logged(t)
		if len(lines) != 1 || lines[0]["log.level"] != test.want {
			t.Errorf("%v: %v, want level %s", test.err, lines, test.want)
		}
	}
}

func TestEveryLineOfARequestHasItsID(t *testing.T) {
	f := newFixture()
	f.level.Set(slog.LevelDebug)
	f.ping = errors.New("refused")
	f.send("GET", "/health", "", "X-Request-ID: id-2")
	f.api.service = items.NewService(panicking{}, 16)
	f.send("GET", "/v1/counters/k", "", "X-Request-ID: id-2")
	lines := f.logged(t)
	if len(lines) != 4 { // health: the cause and the request; the panic and the request
		t.Fatalf("%d lines: %s", len(lines), f.log)
	}
	for _, line := range lines {
		if line["request.id"] != "id-2" {
			t.Errorf("no request.id: %v", line)
		}
	}
}

func TestNoLineHoldsAnyPartOfABody(t *testing.T) {
	const canary = "CANARY7f3a"
	number := "71939133710"
	bodies := []string{
		`{"value":"` + canary + `"}`, `{"value":"` + canary, `{"value":` + canary + `}`, `{"value":1}` + canary, canary, `"` + canary + `"`,
		`["` + canary + `"]`, `{"` + canary + `":1}`, `{"value":1,"` + canary + `":1}`, `{"value":1,"ttlSeconds":"` + canary + `"}`,
		`{"value":"\u00zz` + canary + `"}`, "{\"value\":\"" + canary + "\xff\"}", `{"value":{"` + canary + `":}}`, `{"value":"` + canary + strings.Repeat("x", 300) + `"}`,
		`{"value":1,"ttlSeconds":` + number + `}`, `{"value":1,"ttlSeconds":-` + number + `}`, `{"by":` + number + `}`, `{"by":"` + canary + `"}`, `{"by":` + number + `.5}`,
		`{"by":` + strings.Repeat(number, 3) + `}`,
	}
	failures := []error{
		nil,
		items.ErrOutOfMemory,
		&items.UnavailableError{Cause: errors.New("dial 10.1.2.3: refused")},
	}
	f := newFixture()
	f.impossible = true
	f.level.Set(slog.LevelDebug)
	sent := 0
	for _, failure := range failures {
		f.memory.Fail(failure)
		for _, body := range bodies {
			f.send("PUT", "/v1/items/k", body, "Content-Type: application/json")
			f.send("PUT", "/v1/items/k", body, "Content-Type: text/"+canary)
			f.send("PUT", "/v1/items/k", body, `If-Match: `+canary)
			f.send("POST", "/v1/counters/c", body)
			f.send("GET", "/v1/items/k?q="+canary, "", "X-Request-ID: "+canary+" ")
			f.send("GET", "/v1/counters/c", "", "Authorization: "+canary, "Cookie: "+canary)
			sent += 6
		}
	}
	for _, line := range f.logged(t) {
		text := fmt.Sprint(line)
		if line["request.id"] == canary { // a header that is meant for the log
			text = strings.Replace(text, "request.id:"+canary, "", 1)
		}
		if strings.Contains(text, canary) || strings.Contains(text, number) {
			t.Errorf("a line repeats what was sent: %v", line)
		}
	}
	if got := len(f.logged(t)); got != sent {
		t.Errorf("%d lines for %d requests", got, sent)
	}
}
