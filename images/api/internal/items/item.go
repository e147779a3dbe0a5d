package items

import (
	"encoding/json"
	"time"
)

// Item is a JSON value stored under a key.
type Item struct {
	// Value is the JSON text as the client gave it.
	Value json.RawMessage
	// Version grows with every write of any item and is never given out twice, so a version that a client
	// remembers from before a delete cannot match what was created afterwards.
	Version int64
	// TTL is the time left before the item expires; 0 means that it never does.
	TTL time.Duration
}

// PutResult is what a Put stored.
type PutResult struct {
	Item
	// Created is false for a replacement.
	Created bool
}
