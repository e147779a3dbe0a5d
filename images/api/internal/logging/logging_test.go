package logging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
)

func TestALineHasTheNamesOfTheCommonSchema(t *testing.T) {
	var out bytes.Buffer
	New(&out, slog.LevelInfo).Warn("text", Error, "broken", "redis.role", "master")
	at, rest, _ := strings.Cut(strings.TrimPrefix(out.String(), `{"@timestamp":"`), `"`)
	if rest != `,"log.level":"warn","message":"text","error.message":"broken","redis.role":"master"}`+"\n" || !strings.HasSuffix(at, "Z") {
		t.Fatal(out.String())
	}
}

func TestTheRequestIDComesFromTheContext(t *testing.T) {
	ctx := WithRequestID(context.Background(), "id-1")
	for _, test := range []struct {
		name string
		log  func(*slog.Logger)
		want bool
	}{
		{"with the context", func(log *slog.Logger) { log.InfoContext(ctx, "x") }, true},
		{"with attributes", func(log *slog.Logger) { log.With("a", 1).InfoContext(ctx, "x") }, true},
		{"without the context", func(log *slog.Logger) { log.Info("x") }, false},
	} {
		var out bytes.Buffer
		test.log(New(&out, slog.LevelInfo))
		if got := strings.Contains(out.String(), `"request.id":"id-1"`); got != test.want {
			t.Errorf("%s: %s", test.name, out.String())
		}
	}
}

func TestDiscreetTextsEndWhereAQuotationBegins(t *testing.T) {
	for text, want := range map[string]string{
		"ERR unknown command 'hello', with args beginning with: '3' 'auth' 'api' 'PASSWORD'": "ERR unknown command ...",
		`redis: can't parse "VALUE"`:                                        "redis: can't parse ...",
		`strconv.ParseInt: parsing "VALUE": invalid syntax`:                 "strconv.ParseInt: parsing ...",
		"'VALUE' is wrong":                                                  "...",
		"invalid reply: `VALUE`":                                            "invalid reply: ...",
		"dial tcp 10.1.2.3:6379: connect: refused":                          "dial tcp 10.1.2.3:6379: connect: refused",
		"WRONGTYPE Operation against a key holding the wrong kind of value": "WRONGTYPE Operation against a key holding the wrong kind of value",
	} {
		if got := Discreet(text); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}
}

func TestADiscreetErrorIsStillTheError(t *testing.T) {
	err := fmt.Errorf("outer: %w", DiscreetError{fmt.Errorf(`parsing "VALUE": %w`, io.EOF)})
	if !errors.Is(err, io.EOF) || err.Error() != "outer: parsing ..." {
		t.Fatal(err)
	}
}
