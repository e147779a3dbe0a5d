package logline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

var fixed = time.Date(2026, 11, 22, 17, 39, 9, 123456789, time.UTC)

func testRenderer() *Renderer {
	origin := NewOrigin("api-0")
	origin.boot = "0123456789ab"
	origin.now = func() time.Time { return fixed }
	return origin.NewRenderer()
}

const (
	now    = "2026-11-22T17:39:09.123456789Z"
	prefix = `{"@timestamp":"%s","event.id":"0123456789ab-1","service.name":"api","service.instance":"api-0","log.level":"%s","message":%s%s}` + "\n"
)

func TestLines(t *testing.T) {
	rows := []struct{ name, line, at, level, message, rest string }{
		{"text", `hello "you"`, now, "info", `"hello \"you\""`, ""},
		{"text with control characters", "a\tb\x1b[31m\x00", now, "info", `"a\tb\u001b[31m\u0000"`, ""},
		{"text that is not UTF-8", "a\xffb", now, "info", `"a�b"`, ""},
		{"a number is text", `42`, now, "info", `"42"`, ""},
		{"an array is text", `["a"]`, now, "info", `"[\"a\"]"`, ""},
		{"a broken object is text", `{"a":`, now, "info", `"{\"a\":"`, ""},

		{"the common schema", `{"@timestamp":"2026-11-22T03:04:05Z","log.level":"error","message":"m","a":1}`, "2026-11-22T03:04:05.000000000Z", "error", `"m"`, `,"a":1`},
		{"slog", `{"time":"2026-11-22T03:04:05.6+01:00","level":"WARN","msg":"m","error":"e"}`, "2026-11-22T02:04:05.600000000Z", "warn", `"m"`, `,"error.message":"e"`},
		{"slog between levels", `{"level":"ERROR+2","msg":"m"}`, now, "error", `"m"`, ""},
		{"pino", `{"level":50,"time":1700000000000,"msg":"m"}`, now, "error", `"m"`, `,"time":1700000000000`},
		{"the schema's own name wins", `{"message":"m","msg":"other","log.level":"debug","level":"error"}`, now, "debug", `"m"`, `,"msg":"other","level":"error"`},
		{"nested objects", `{"log":{"level":"FATAL","logger":"x"},"http":{"request":{"method":"GET"}},"message":"m","e":{}}`, now, "fatal", `"m"`, `,"log.logger":"x","http.request.method":"GET"`},
		{"arrays stay", `{"message":"m","a":{"b":[1,{"c":"]}"}]}}`, now, "info", `"m"`, `,"a.b":[1,{"c":"]}"}]`},
		{"of a name twice the last wins", `{"message":"m","a":1,"b":2,"a":3,"message":"n"}`, now, "info", `"n"`, `,"a":3,"b":2`},
		{"a name nested and dotted", `{"message":"m","a":{"b":1},"a.b":2}`, now, "info", `"m"`, `,"a.b":2`},
		{"null goes", `{"message":null,"a":null}`, now, "info", `""`, ""},
		{"without a message", `{"a":true}`, now, "info", `""`, `,"a":true`},
		{"a message that is a number", `{"message":42}`, now, "info", `"42"`, ""},
		{"space", " { \"message\" : \"m\" , \"a\" : [ 1 ] } ", now, "info", `"m"`, `,"a":[ 1 ]`},
		{"who it is cannot be forged", `{"service.name":"x","service.instance":"y","event.id":"z","event":{"id":"z"},"message":"m"}`, now, "info", `"m"`, ""},
		{"names in escapes", `{"mess\u0061ge":"m","\"":1}`, now, "info", `"m"`, `,"\"":1`},
		{"halves of surrogate pairs", `{"message":"\ud83d\ude00 \ud800","a":["\udc00"]}`, now, "info", `"😀 �"`, `,"a":["�"]`},
		{"numbers that are too big", `{"message":"m","a":1e400,"b":-99999999999999999999,"c":12345678901234567,"d":1.5e3}`, now, "info", `"m"`, `,"a":"1e400","b":"-99999999999999999999","c":12345678901234567,"d":1.5e3`},
		{"a value under an object's name", `{"message":"m","event":"start","host":"h","service":"s","log":"l"}`, now, "info", `"m"`, `,"event.action":"start","host.name":"h","service.type":"s","log.logger":"l"`},
		{"a time that is none", `{"message":"m","@timestamp":"yesterday"}`, now, "info", `"m"`, `,"log.timestamp":"yesterday"`},
		{"a year that the store refuses", `{"message":"m","@timestamp":"9999-01-01T00:00:00Z"}`, now, "info", `"m"`, `,"log.timestamp":"9999-01-01T00:00:00Z"`},

		{"a minute ahead is still a clock", `{"message":"m","@timestamp":"2026-11-22T17:40:09Z"}`, "2026-11-22T17:40:09.000000000Z", "info", `"m"`, ""},
		{"a time in the future", `{"message":"m","@timestamp":"2026-11-22T17:40:10Z"}`, now, "info", `"m"`, `,"log.timestamp":"2026-11-22T17:40:10.000000000Z"`},
		{"a day ago is still a time", `{"message":"m","@timestamp":"2026-11-21T17:39:10Z"}`, "2026-11-21T17:39:10.000000000Z", "info", `"m"`, ""},
		{"a time in the past", `{"message":"m","@timestamp":"2026-11-21T17:39:09Z","log.timestamp":"x"}`, now, "info", `"m"`, `,"log.timestamp":"2026-11-21T17:39:09.000000000Z"`},
		{"Redis on a machine whose clock is wrong", `14:M 22 Nov 2027 17:39:49.422 * x`, now, "info", `"x"`, `,"process.pid":14,"redis.role":"master","log.timestamp":"2027-11-22T17:39:49.422000000Z"`},

		{"an empty name", `{"level":"error","":1}`, now, "error", `"{\"level\":\"error\",\"\":1}"`, ""},
		{"an empty part", `{"a..b":1}`, now, "info", `"{\"a..b\":1}"`, ""},
		{"a value and an object of one name", `{"a":1,"a.b":2}`, now, "info", `"{\"a\":1,\"a.b\":2}"`, ""},
		{"an object named message", `{"message":{"a":1}}`, now, "info", `"{\"message\":{\"a\":1}}"`, ""},

		{"Redis", `14:M 22 Nov 2026 17:39:49.422 * Ready to accept connections tcp`, "2026-11-22T17:39:49.422000000Z", "info", `"Ready to accept connections tcp"`, `,"process.pid":14,"redis.role":"master"`},
		{"Redis warns", `1:S 22 Nov 2026 17:39:49.422 # WARNING`, "2026-11-22T17:39:49.422000000Z", "warn", `"WARNING"`, `,"process.pid":1,"redis.role":"replica"`},
		{"Redis' child", `9:C 22 Nov 2026 00:00:00.000 - x`, "2026-11-22T00:00:00.000000000Z", "debug", `"x"`, `,"process.pid":9,"redis.role":"child"`},
		{"Sentinel", `1:X 22 Nov 2026 17:39:50.628 # +switch-master platform 10.0.0.2 6379 10.0.0.3 6379`, "2026-11-22T17:39:50.628000000Z", "warn", `"+switch-master platform 10.0.0.2 6379 10.0.0.3 6379"`, `,"process.pid":1,"redis.role":"sentinel"`},
		{"nearly Redis", `14:M 22 Nov 2026 17:39:49.422`, now, "info", `"14:M 22 Nov 2026 17:39:49.422"`, ""},
		{"nearly Redis too", `14:M 31 Feb 2026 17:39:49.422 * x`, now, "info", `"14:M 31 Feb 2026 17:39:49.422 * x"`, ""},

		{"HAProxy", `[NOTICE]   (1) : New worker (8) forked`, now, "info", `"New worker (8) forked"`, `,"process.pid":1`},
		{"HAProxy warns", `[WARNING]  (8) : Server b/s1 is DOWN.`, now, "warn", `"Server b/s1 is DOWN."`, `,"process.pid":8`},
		{"HAProxy fails", `[ALERT]    (1) : config : x`, now, "error", `"config : x"`, `,"process.pid":1`},
		{"a request at HAProxy", `<6>{"http-request-method": "GET", "url-path": "/a\"b", "http-response-status_code": 200, "event-duration": 5, "haproxy-termination_state": "--"}`, now, "info", `"GET /a\"b 200"`, `,"http.request.method":"GET","url.path":"/a\"b","http.response.status_code":200,"event.duration":5,"haproxy.termination_state":"--"`},
		{"one that failed", `<6>{"http-request-method": "GET", "url-path": "/", "http-response-status_code": 503, "haproxy-termination_state": "SC"}`, now, "warn", `"GET / 503"`, `,"http.request.method":"GET","url.path":"/","http.response.status_code":503,"haproxy.termination_state":"SC"`},
		{"no request", `<6>{"http-request-method": "", "url-path": "", "http-response-status_code": 400, "event-duration": "", "haproxy-termination_state": "PR"}`, now, "info", `"a request that could not be read: 400"`, `,"http.response.status_code":400,"haproxy.termination_state":"PR"`},
		{"a connection", `<6>{"client-ip": "127.0.0.1", "backend-name": "r", "server-name": "r-0", "haproxy-termination_state": "SD"}`, now, "warn", `"a connection of r to r-0 ended: SD"`, `,"client.ip":"127.0.0.1","backend.name":"r","server.name":"r-0","haproxy.termination_state":"SD"`},
		{"not HAProxy", `[NOTICE] something`, now, "info", `"[NOTICE] something"`, ""},
		{"a severity and text", `<4>Server b/s1 is DOWN`, now, "warn", `"Server b/s1 is DOWN"`, ""},
		{"a severity and JSON without a level", `<3>{"message":"m"}`, now, "error", `"m"`, ""},
		{"a level in JSON wins", `<6>{"message":"m","log.level":"error"}`, now, "error", `"m"`, ""},
		{"facility and severity", `<133>m`, now, "info", `"m"`, ""},
		{"not a severity", `<html>`, now, "info", `"<html>"`, ""},
		{"a severity alone", `<4>`, now, "info", `"<4>"`, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := string(testRenderer().Append(nil, []byte(row.line), false))
			want := fmt.Sprintf(prefix, row.at, row.level, row.message, row.rest)
			if got != want {
				t.Errorf("got  %swant %s", got, want)
			}
			if !json.Valid([]byte(got)) {
				t.Errorf("not JSON: %s", got)
			}
		})
	}
}

func TestAnObjectThatIsTooMuchIsText(t *testing.T) {
	many := []string{}
	for at := range maxFields + 1 {
		many = append(many, fmt.Sprintf(`"f%d":1`, at))
	}
	for name, line := range map[string]string{
		"too many fields": `{"level":"error",` + strings.Join(many, ",") + `}`,
		"too deep":        `{"level":"error","a":` + strings.Repeat(`{"a":`, 9) + `1` + strings.Repeat(`}`, 9) + `}`,
		"too long a name": `{"level":"error","` + strings.Repeat("n", maxName+1) + `":1}`,
		"long in parts":   `{"level":"error","` + strings.Repeat("n", 200) + `":{"` + strings.Repeat("m", 200) + `":1}}`,
	} {
		got := decode(t, testRenderer().Append(nil, []byte(line), false))
		if got["message"] != line || got["log.level"] != "error" || len(got) != 6 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAPieceOfALongLineIsTextAndSaysSo(t *testing.T) {
	got := decode(t, testRenderer().Append(nil, []byte(`{"message":"m"}`), true))
	if got["message"] != `{"message":"m"}` || got["log.truncated"] != true {
		t.Error(got)
	}
}

func TestIDsCountAndDifferFromStartToStart(t *testing.T) {
	origin := NewOrigin("redis-sentinel-12")
	first, second := decode(t, origin.NewRenderer().Append(nil, []byte("a"), false)), decode(t, origin.NewRenderer().AppendOwn(nil, "warn", "b"))
	if !regexp.MustCompile(`^[0-9a-f]{12}-1$`).MatchString(first["event.id"].(string)) || second["event.id"] != origin.boot+"-2" {
		t.Error(first["event.id"], second["event.id"])
	}
	if NewOrigin("x").boot == origin.boot {
		t.Error("two starts have the same id")
	}
	if first["service.name"] != "redis-sentinel" || first["service.instance"] != "redis-sentinel-12" {
		t.Error(first)
	}
	if second["log.logger"] != "log-run" || second["log.level"] != "warn" || second["message"] != "b" {
		t.Error(second)
	}
}

func decode(t testing.TB, line []byte) map[string]any {
	t.Helper()
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber() // an array may hold any
	if err := decoder.Decode(&fields); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return fields
}
