package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// writeJSON leaves <, > and & as they are: values come back as they were given.
func writeJSON(w http.ResponseWriter, status int, body any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		// Only a stored value that is not JSON gets here, and none is written. The error would quote it.
		panic("the answer cannot be encoded: a stored value is not JSON")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // fails only when the client is gone
}

// readObject reads a JSON object that has no other fields than those allowed. An empty body is nil.
// encoding/json's own DisallowUnknownFields would take "VALUE" for "value".
func (a *API) readObject(w http.ResponseWriter, r *http.Request, allowed ...string) (map[string]json.RawMessage, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, a.maxBodyBytes))
	if err != nil {
		return nil, readFailure(err, a.maxBodyBytes)
	}
	if len(text) == 0 {
		return nil, nil
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, &problem{http.StatusUnsupportedMediaType, "unsupported_media_type",
			fmt.Sprintf("the Content-Type is %q: send application/json.", r.Header.Get("Content-Type")), nil}
	}
	if !utf8.Valid(text) {
		return nil, badBody("the body is not valid UTF-8.")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return nil, malformed(err, allowed)
	}
	for name := range fields {
		if !slices.Contains(allowed, name) {
			return nil, badBody("the field %q is not known: allowed are %s.", name, strings.Join(allowed, ", "))
		}
	}
	return fields, nil
}

func readFailure(err error, limit int64) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &problem{http.StatusRequestEntityTooLarge, "body_too_large",
			fmt.Sprintf("the body is larger than %d bytes: send less, or raise MAX_BODY_BYTES.", limit), nil}
	}
	return badBody("the body ended early or came too slowly: send it again.")
}

func malformed(err error, allowed []string) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return badBody("the body is not valid JSON at byte %d: %s.", syntax.Offset, syntax.Error())
	}
	return badBody("the body is not a JSON object: send one with the fields %s.", strings.Join(allowed, ", "))
}

func badBody(format string, args ...any) error {
	return &problem{http.StatusBadRequest, "invalid_body", fmt.Sprintf(format, args...), nil}
}

// wholeNumber reads a field that is a whole JSON number; absent is `otherwise`.
func wholeNumber(fields map[string]json.RawMessage, name string, otherwise int64) (int64, error) {
	text, given := fields[name]
	if !given {
		return otherwise, nil
	}
	number := otherwise
	if err := json.Unmarshal(text, &number); err != nil || string(text) == "null" {
		return 0, badBody("%s is %s: it must be a whole number.", name, shorten(string(text)))
	}
	return number, nil
}

func shorten(text string) string {
	if len(text) <= 40 {
		return text
	}
	return strings.ToValidUTF8(text[:40], "") + "..."
}
