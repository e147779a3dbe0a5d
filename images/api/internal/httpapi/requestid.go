package httpapi

import (
	"crypto/rand"
	"net/http"
)

const (
	requestIDHeader = "X-Request-ID"
	maxRequestID    = 128
)

// requestIDOf takes the caller's id if it is 1 to 128 letters, digits or -_.:/+= and else makes one, so that
// nobody can write lines of their own into the log.
func requestIDOf(r *http.Request) string {
	id := r.Header.Get(requestIDHeader)
	if id == "" || len(id) > maxRequestID {
		return rand.Text()
	}
	for _, char := range []byte(id) {
		switch {
		case 'a' <= char && char <= 'z', 'A' <= char && char <= 'Z', '0' <= char && char <= '9':
		case char == '-' || char == '_' || char == '.' || char == ':' || char == '/' || char == '+' || char == '=':
		default:
			return rand.Text()
		}
	}
	return id
}
