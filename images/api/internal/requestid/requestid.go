// Package requestid says under which id a request is answered and logged.
package requestid

import "crypto/rand"

const (
	// Header is where the id comes and goes.
	Header  = "X-Request-ID"
	longest = 128
)

// Of takes the caller's id if there is exactly one, of 1 to 128 letters, digits or -_.:/+=, and else makes one, so that nobody can
// write lines of their own into the log, and all who see the request name it alike.
func Of(given []string) string {
	if len(given) == 1 && sane(given[0]) {
		return given[0]
	}
	return rand.Text()
}

func sane(id string) bool {
	if id == "" || len(id) > longest {
		return false
	}
	for _, char := range []byte(id) {
		switch {
		case 'a' <= char && char <= 'z', 'A' <= char && char <= 'Z', '0' <= char && char <= '9':
		case char == '-' || char == '_' || char == '.' || char == ':' || char == '/' || char == '+' || char == '=':
		default:
			return false
		}
	}
	return true
}
