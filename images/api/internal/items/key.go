package items

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// checkKey refuses keys that are empty, longer than maxBytes, not UTF-8, or hold anything that does not print:
// such keys cannot be told apart in a log or a terminal.
func checkKey(key string, maxBytes int) error {
	if key == "" {
		return invalidKey("the key is empty: give 1 to %d bytes.", maxBytes)
	}
	if len(key) > maxBytes {
		return invalidKey("the key is %d bytes long: 1 to %d are allowed. Shorten it, or raise MAX_KEY_LENGTH.", len(key), maxBytes)
	}
	if !utf8.ValidString(key) {
		return invalidKey("the key is not valid UTF-8: percent-encode it as UTF-8.")
	}
	for at, char := range key {
		if !unicode.IsPrint(char) {
			return invalidKey("the key holds %U at byte %d, which does not print: use letters, digits, punctuation and plain spaces.", char, at)
		}
	}
	return nil
}

func invalidKey(format string, args ...any) error {
	return &InvalidError{Code: "invalid_key", Message: fmt.Sprintf(format, args...)}
}
