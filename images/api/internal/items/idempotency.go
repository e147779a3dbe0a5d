package items

import (
	"fmt"
	"time"
)

const (
	// MaxIdempotencyKey is in bytes.
	MaxIdempotencyKey = 128
	// IdempotencyTTL is how long a key keeps a repeated write from happening twice.
	IdempotencyTTL = 24 * time.Hour
)

// IdempotencyKey is a client's name for one write: however often it is sent with it, it happens once, and every
// answer is the first one's. "" is a write without a name.
type IdempotencyKey string

// ParseIdempotencyKey takes 1 to 128 visible ASCII characters.
func ParseIdempotencyKey(text string) (IdempotencyKey, error) {
	if text == "" || len(text) > MaxIdempotencyKey {
		return "", invalidIdempotencyKey("it is %d bytes long", len(text))
	}
	for at, char := range []byte(text) {
		if char <= ' ' || char > '~' {
			return "", invalidIdempotencyKey("it holds the byte %#02x at %d", char, at)
		}
	}
	return IdempotencyKey(text), nil
}

func invalidIdempotencyKey(format string, args ...any) error {
	return &InvalidError{Code: "invalid_idempotency_key", Message: fmt.Sprintf(
		"the Idempotency-Key cannot be used: %s. Send 1 to %d visible ASCII characters, such as a UUID that is new for each write.",
		fmt.Sprintf(format, args...), MaxIdempotencyKey)}
}
