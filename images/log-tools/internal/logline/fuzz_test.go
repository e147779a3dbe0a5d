package logline

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"
)

var begins = regexp.MustCompile(`^\{"@timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z","event\.id":"0123456789ab-1","service\.name":"api",` +
	`"service\.instance":"api-0","log\.level":"(debug|info|warn|error|fatal)","message":"`)

// Whatever a program prints becomes one object that Elasticsearch can take, and its message is in it.
func FuzzLine(f *testing.F) {
	for _, seed := range []string{
		"text", "\xff\xfe", "<4>text", "<4>", "[NOTICE]   (1) : x", "1:M 22 Nov 2026 17:39:49.422 * x", "1:M 22 Nov 2026 17:39:49.422 *",
		`{"message":"m"}`, `{"msg":"m","level":30}`, `{"a":{"b":{"c":[1,{"d":null}]}}}`, `{"a":1,"a.b":2}`, `{"log":{"level":"x"},"log.level":"y"}`,
		`{"message":"\ud800"}`, `{"\ud800":1}`, `{"a\u0000":1}`, `{"":1}`, `{" ":1}`, `{"a":}`, `{"a":1}}`, `{} {}`, `{"@timestamp":"2026-01-02T03:04:05+23:59"}`,
		`{"@timestamp":"0000-01-01T00:00:00Z"}`, `{"@timestamp":""}`, `{"time":"1969-12-31T23:59:59Z"}`, `{"message":{"x":1}}`, `{"err":["x"],"error":{"a":1}}`,
		`{"error":"x","error.message":"y"}`, `{"message":1e999,"n":-0.0E+1}`, "{\"a\":\"\x7f\"}", `{"event":{"id":1},"event":"x"}`, `{"a":"\\\"","b":"}"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		line = bytes.ReplaceAll(line, []byte("\n"), nil)
		if len(line) == 0 {
			return
		}
		got := testRenderer().Append(nil, line, false)
		if !json.Valid(got) || bytes.IndexByte(got, '\n') != len(got)-1 {
			t.Fatalf("not one line of JSON: %q", got)
		}
		if !begins.Match(got) {
			t.Fatalf("begins otherwise: %q", got)
		}
		checkNames(t, got)
		message := decode(t, got)["message"].(string)
		if want, known := messageOf(line); known && message != want && !strings.HasPrefix(want, "[") { // an array may be mended
			t.Fatalf("the message is %q, want %q", message, want)
		} else if !known && !strings.HasSuffix(string(valid(line)), message) {
			t.Fatalf("the message %q is not in %q", message, line)
		}
	})
}

// messageOf is what encoding/json finds; an object without a message, or one that is kept as text, is not known.
func messageOf(line []byte) (message string, known bool) {
	decoder := json.NewDecoder(bytes.NewReader(valid(line)))
	var object map[string]json.RawMessage
	if decoder.Decode(&object) != nil || object == nil || decoder.Decode(new(any)) != io.EOF {
		return "", false
	}
	r := &record{}
	r.read(valid(line))
	if r.quoted == nil && bytes.Equal(r.text, valid(line)) {
		return string(valid(line)), true // kept as text
	}
	for _, name := range []string{"message", "msg"} {
		if json.Unmarshal(object[name], &message) == nil && object[name] != nil && object[name][0] == '"' {
			return message, true
		}
		if object[name] != nil && object[name][0] != 'n' {
			return string(object[name]), true // a number, a boolean or an array
		}
	}
	return "", true
}

// checkNames: no name twice, none empty, no nested objects, none that is a value and an object.
func checkNames(t *testing.T, line []byte) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(line))
	_, _ = decoder.Token()
	seen := map[string]bool{}
	for decoder.More() {
		name, _ := decoder.Token()
		var value json.RawMessage
		_ = decoder.Decode(&value)
		if seen[name.(string)] || name == "" || value[0] == '{' || string(value) == "null" {
			t.Fatalf("%q: %s in %s", name, value, line)
		}
		seen[name.(string)] = true
	}
	for name := range seen {
		for at := range len(name) {
			if name[at] == '.' && seen[name[:at]] {
				t.Fatalf("%q is a value and an object in %s", name[:at], line)
			}
		}
	}
}
