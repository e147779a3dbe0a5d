package httpapi

import (
	"net/http"

	"redis-platform/api/internal/items"
)

const (
	idempotencyHeader = "Idempotency-Key"
	replayedHeader    = "Idempotency-Replayed"
)

// idempotencyKeyOf is "" where the header is absent; an empty one is refused, as its sender relies on it.
func idempotencyKeyOf(r *http.Request) (items.IdempotencyKey, error) {
	values := r.Header.Values(idempotencyHeader)
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return items.ParseIdempotencyKey(values[0])
	default:
		return "", &items.InvalidError{Code: "invalid_idempotency_key", Message: "there are several Idempotency-Key headers: send one."}
	}
}

// tellReplayed marks an answer, an error too, that is the one to an earlier request.
func tellReplayed(w http.ResponseWriter, replayed bool) {
	if replayed {
		w.Header().Set(replayedHeader, "true")
	}
}
