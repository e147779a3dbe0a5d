package redisrepo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"redis-platform/api/internal/items"
	"redis-platform/api/internal/logging"
	"redis-platform/api/internal/redistest"
)

const canary = "CANARY7f3a"

// Redis says "unknown command 'evalsha', with args beginning with: ... '<the value>'".
func TestARefusalThatQuotesTheValueIsCutShort(t *testing.T) {
	repository := connect(t, redistest.Start(t, 1, 1, "rename-command EVALSHA \"\"\n"))
	_, _, err := repository.Put(context.Background(), "key", json.RawMessage(`"`+canary+`"`), 0, items.Precondition{}, "")
	var reply redis.Error
	if !errors.As(err, &reply) || !strings.Contains(reply.Error(), canary) {
		t.Fatalf("this test needs a Redis that quotes the value, got %v", reply)
	}
	if err.Error() != "ERR unknown command ..." {
		t.Fatal(err)
	}
}

func TestDamagedValuesAreNotRepeated(t *testing.T) {
	ctx := context.Background()
	cluster := redistest.Start(t, 1, 1, "")
	repository := connect(t, cluster)
	redistest.Ask(ctx, cluster.Nodes[0].Address, "SET", counterPrefix+"c", canary)
	redistest.Ask(ctx, cluster.Nodes[0].Address, "SET", itemPrefix+"i", canary)
	redistest.Ask(ctx, cluster.Nodes[0].Address, "HSET", itemPrefix+"h", "value", canary, "version", canary)
	_, counter := repository.Counter(ctx, "c")
	_, _, increment := repository.Increment(ctx, "c", 1, "")
	_, text := repository.Get(ctx, "i")
	_, hash := repository.Get(ctx, "h")
	for _, err := range []error{counter, increment, text, hash} {
		var unavailable *items.UnavailableError
		if err == nil || strings.Contains(err.Error(), canary) || errors.As(err, &unavailable) {
			t.Errorf("got %v", err)
		}
	}
}

func TestTheLibrarysLinesQuoteNothing(t *testing.T) {
	var out bytes.Buffer
	ctx := logging.WithRequestID(context.Background(), "id-1")
	libraryLogger{logging.New(&out, slog.LevelDebug)}.Printf(ctx, "can't parse push notification: %q", canary)
	if strings.Contains(out.String(), canary) || !strings.Contains(out.String(), `"message":"can't parse push notification: ..."`) ||
		!strings.Contains(out.String(), `"request.id":"id-1"`) {
		t.Fatal(out.String())
	}
}
