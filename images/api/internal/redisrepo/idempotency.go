package redisrepo

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"redis-platform/api/internal/items"
)

const (
	// recordPrefix is of the records of idempotency keys, "<fingerprint> <outcome>": small, however long key and
	// request are.
	recordPrefix = "idempotency:"
	// barrier is written by a write request that changes nothing and leaves no record.
	barrier = "write-barrier"
)

// onceArgs are KEYS[1], and ARGV[1] and [2], of the scripts. request is all that makes the request what it is.
func onceArgs(key items.IdempotencyKey, request ...any) (record string, args []any) {
	if key == "" {
		return barrier, []any{"", 0}
	}
	var text strings.Builder
	for _, part := range request {
		fmt.Fprintf(&text, "%q ", fmt.Sprint(part))
	}
	return recordPrefix + digest(string(key)), []any{digest(text.String()), items.IdempotencyTTL.Milliseconds()}
}

// digest is 128 bits of SHA-256: nobody finds two texts with the same.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
