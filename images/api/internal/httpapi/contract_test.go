package httpapi

import (
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestPreconditionsAreListsAsRFC9110HasThem(t *testing.T) {
	f := newFixture()
	wantStatus(t, f.send("PUT", "/v1/items/k", `{"value":1}`), 201) // version 1
	put := func(lines ...string) *httptest.ResponseRecorder {
		request := httptest.NewRequest("PUT", "/v1/items/k", strings.NewReader(`{"value":1}`))
		request.Header = map[string][]string{"Content-Type": {"application/json"}, "If-Match": lines}
		return f.exchange(request)
	}
	for version, lines := range [][]string{
		{`"N"`}, {` "N" `}, {`"N",`}, {`,"N"`}, {`, ,"7",, "N" ,`}, {`"a,b","N"`}, {`"a,\", "N"`}, {`W/"N","N"`}, {`"7"`, `"N"`}, {``, `"N"`}, {`""`, `"N"`},
		{`"é","N"`}, {"\"7\"\t,\t\"N\""}, {`*`}, {` * ,`},
	} {
		for i := range lines {
			lines[i] = strings.ReplaceAll(lines[i], "N", strconv.Itoa(version+1))
		}
		if answer := put(lines...); answer.Code != 200 {
			t.Fatalf("%q: %d %s", lines, answer.Code, answer.Body)
		}
	}
	last := f.send("GET", "/v1/items/k", "").Header().Get("ETag")
	number := strings.Trim(last, `"`)
	for _, lines := range [][]string{
		{`"7,` + number + `"`}, {`W/` + last}, {`"` + number + `x"`}, {`""`}, {`"0` + number + `"`}, {`"+` + number + `"`}, {`"2"`, `"3"`}, {`"*"`},
	} {
		if answer := put(lines...); answer.Code != 412 {
			t.Errorf("%q: %d %s", lines, answer.Code, answer.Body)
		}
	}
	for _, lines := range [][]string{
		{``}, {` `}, {`,`}, {``, ``}, {`1`}, {`"1`}, {`1"`}, {`"1" "2"`}, {`"1"x`}, {`"1";"2"`}, {`w/"1"`}, {`W/`}, {`W/ "1"`}, {`W"1"`}, {`*, "1"`}, {`"1", *`}, {`*`, `*`}, {`**`},
		{`"a b"`}, {"\"a\tb\""}, {`'1'`},
	} {
		answer := put(lines...)
		if answer.Code != 400 {
			t.Errorf("%q: %d %s", lines, answer.Code, answer.Body)
			continue
		}
		wantProblem(t, answer, 400, "invalid_precondition")
	}
	// Neither wrote anything.
	if read := f.send("GET", "/v1/items/k", ""); read.Header().Get("ETag") != last {
		t.Error(read.Header())
	}
}

func TestNoWriteTakesAnEmptyOrUnknownConditionForNone(t *testing.T) {
	f := newFixture()
	wantStatus(t, f.send("PUT", "/v1/items/k", `{"value":1}`), 201)
	for _, header := range []string{"If-Match: ", "If-None-Match: ", `If-None-Match: "1"`, `If-None-Match: W/"1"`} {
		wantProblem(t, f.send("PUT", "/v1/items/k", `{"value":2}`, header), 400, "invalid_precondition")
		wantProblem(t, f.send("DELETE", "/v1/items/k", "", header), 400, "invalid_precondition")
	}
	for _, header := range []string{"If-Match: ", "If-Match: *", `If-None-Match: *`} {
		wantProblem(t, f.send("POST", "/v1/counters/k", "", header), 400, "invalid_precondition")
	}
	wantProblem(t, f.send("GET", "/v1/counters/k", ""), 404, "not_found")
}

func TestAReadOfWhatTheClientHasIsNotModified(t *testing.T) {
	f := newFixture()
	wantStatus(t, f.send("PUT", "/v1/items/k", `{"value":1}`), 201)
	for _, header := range []string{`"1"`, `W/"1"`, `"0", "1"`, `,"a,b",W/"1"`, `*`} {
		answer := f.send("GET", "/v1/items/k", "", "If-None-Match: "+header)
		wantStatus(t, answer, 304)
		if answer.Body.Len() > 0 || answer.Header().Get("ETag") != `"1"` || answer.Header().Get("Content-Type") != "" || answer.Header().Get("X-Request-ID") == "" {
			t.Errorf("%s: %v %s", header, answer.Header(), answer.Body)
		}
		wantStatus(t, f.send("HEAD", "/v1/items/k", "", "If-None-Match: "+header), 304)
	}
	for _, header := range []string{`If-None-Match: "2"`, `If-None-Match: "01"`, `If-None-Match: "1x"`, `If-Match: "1"`, `If-Match: *`} {
		wantStatus(t, f.send("GET", "/v1/items/k", "", header), 200)
	}
	wantProblem(t, f.send("GET", "/v1/items/k", "", `If-Match: "2"`), 412, "precondition_failed")
	wantProblem(t, f.send("GET", "/v1/items/k", "", `If-Match: W/"1"`), 412, "precondition_failed")
	wantStatus(t, f.send("GET", "/v1/items/k", "", `If-Match: "1"`, `If-None-Match: "1"`), 304)
	wantProblem(t, f.send("GET", "/v1/items/k", "", `If-None-Match: 1`), 400, "invalid_precondition")
	wantProblem(t, f.send("GET", "/v1/items/none", "", `If-None-Match: *`), 404, "not_found")
}

func TestWhatAGetAnswersCanBePutBack(t *testing.T) {
	f := newFixture()
	for _, body := range []string{`{"value":{"a":[1,null]},"ttlSeconds":60}`, `{"value":null}`, `{"value":1,"ttlSeconds":null}`, `{"value":1,"ttlSeconds":0}`} {
		f.send("PUT", "/v1/items/a%2Fb", body)
		read := f.send("GET", "/v1/items/a%2Fb", "")
		back := f.send("PUT", "/v1/items/a%2Fb", read.Body.String(), "If-Match: "+read.Header().Get("ETag"))
		wantStatus(t, back, 200)
		again := f.send("GET", "/v1/items/a%2Fb", "")
		if cut := func(answer *httptest.ResponseRecorder) string {
			before, rest, _ := strings.Cut(answer.Body.String(), `"version":`)
			_, after, _ := strings.Cut(rest, ",")
			return before + after
		}; cut(read) != cut(again) {
			t.Errorf("%s became %s", read.Body, again.Body)
		}
	}
	// The version is no condition.
	wantStatus(t, f.send("PUT", "/v1/items/k", `{"value":1,"version":99,"key":"k"}`), 201)
	for _, bad := range []string{
		`{"value":1,"key":"other"}`, `{"value":1,"key":""}`, `{"value":1,"key":null}`, `{"value":1,"key":1}`, `{"value":1,"version":"1"}`, `{"value":1,"version":null}`,
		`{"key":"k","version":1,"ttlSeconds":null}`, `{"value":1,"Key":"k"}`,
	} {
		wantProblem(t, f.send("PUT", "/v1/items/k", bad), 400, "invalid_body")
	}
}

func TestAByteOrderMarkIsSkipped(t *testing.T) {
	f := newFixture()
	wantStatus(t, f.send("PUT", "/v1/items/k", "\ufeff"+`{"value":"x"}`), 201)
	if read := f.send("GET", "/v1/items/k", ""); !strings.Contains(read.Body.String(), `"value":"x"`) {
		t.Error(read.Body)
	}
	for _, bad := range []string{"\ufeff", "\ufeff\ufeff{}", "\xff\xfe{\x00}\x00", "\xfe\xff\x00{\x00}"} {
		wantProblem(t, f.send("POST", "/v1/counters/c", bad), 400, "invalid_body")
	}
}

func TestEveryWayToWriteAWholeNumber(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "0.0": 0, "-0.0e5": 0, "0e999999999999999999": 0, "1": 1, "1.0": 1, "1.000": 1, "10": 10, "1e1": 10, "1E+1": 10, "1.5e1": 15, "150e-1": 15,
		"0.001e3": 1, "-1.0": -1, "-2.5E1": -25, "100": 100, "1000000000000000000": 1e18, "1e18": 1e18, "9007199254740993.0": 9007199254740993,
		"9223372036854775807": 1<<63 - 1, "9223372036854775807.0": 1<<63 - 1, "9.223372036854775807e18": 1<<63 - 1, "-9223372036854775808": -1 << 63,
		"-9223372036854775808.00": -1 << 63,
	} {
		if got, ok := parseWhole(text); !ok || got != want {
			t.Errorf("%s is %d, %v", text, got, ok)
		}
	}
	for _, text := range []string{
		"1.5", "0.1", "1e-1", "15e-1", "9223372036854775808", "9223372036854775808.0", "-9223372036854775809", "1e19", "1e999999999", "1e-999999999", "1e9999999999999999999",
		`"1"`, "null", "true", "[]", "{}", "",
	} {
		if got, ok := parseWhole(text); ok {
			t.Errorf("%s is taken for %d", text, got)
		}
	}
	f := newFixture()
	if answer := f.send("PUT", "/v1/items/k", `{"value":1,"ttlSeconds":60.0}`); !strings.Contains(answer.Body.String(), `"ttlSeconds":60}`) {
		t.Error(answer.Body)
	}
}

func TestOnlyPlainBodiesAreTaken(t *testing.T) {
	f := newFixture()
	for _, coding := range []string{"gzip", "GZIP", "br", "identity, gzip", "x"} {
		wantProblem(t, f.send("PUT", "/v1/items/k", `{"value":1}`, "Content-Encoding: "+coding), 415, "unsupported_content_encoding")
		wantProblem(t, f.send("POST", "/v1/counters/k", "", "Content-Encoding: "+coding), 415, "unsupported_content_encoding")
	}
	for _, coding := range []string{"identity", "Identity", "", "identity, identity"} {
		if answer := f.send("PUT", "/v1/items/k", `{"value":1}`, "Content-Encoding: "+coding); answer.Code > 201 {
			t.Errorf("%q: %d %s", coding, answer.Code, answer.Body)
		}
	}
}

func TestSeveralRequestIDsAreNone(t *testing.T) {
	f := newFixture()
	for _, given := range [][]string{{"a", "b"}, {"a", "a"}, {"a,b"}, {"a", ""}} {
		request := httptest.NewRequest("GET", "/v1/items/none", nil)
		request.Header["X-Request-Id"] = given
		answer := f.exchange(request)
		wantProblem(t, answer, 404, "not_found")
		if id := answer.Header().Values("X-Request-ID"); len(id) != 1 || len(id[0]) != 26 {
			t.Errorf("%q became %q", given, id)
		}
	}
}

type slowBody struct{ io.Reader }

func (slowBody) Read([]byte) (int, error) {
	return 0, fmt.Errorf("read tcp: %w", os.ErrDeadlineExceeded)
}

func TestABodyThatComesTooSlowlyIsATimeout(t *testing.T) {
	request := httptest.NewRequest("PUT", "/v1/items/k", slowBody{})
	request.Header.Set("Content-Type", "application/json")
	wantProblem(t, newFixture().exchange(request), 408, "request_timeout")
}
