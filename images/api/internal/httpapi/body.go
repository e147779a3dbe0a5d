package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxDrain is how much of a body that nobody wants is read. It is far above what the proxy lets through.
const maxDrain = 16 << 20

const byteOrderMark = "\xef\xbb\xbf"

// upload is a request's body that knows whether anybody has asked for it.
type upload struct {
	io.ReadCloser
	begun bool
}

func (u *upload) Read(into []byte) (int, error) {
	u.begun = true
	return u.ReadCloser.Read(into)
}

// drain reads what is left of a body before an error is answered. A client that is still sending when its connection is closed gets a
// reset, and often never sees the answer. One that waits for "100 Continue" sends nothing, and is not asked to.
func drain(r *http.Request) {
	body, ok := r.Body.(*upload)
	if !ok || !body.begun && r.Header.Get("Expect") != "" {
		return
	}
	_, _ = io.CopyN(io.Discard, body, maxDrain) // the answer is an error already
}

// readObject reads a JSON object that has no other fields than those allowed. An empty body is nil.
// encoding/json's own DisallowUnknownFields would take "VALUE" for "value".
func (a *API) readObject(r *http.Request, allowed ...string) (map[string]json.RawMessage, error) {
	if err := checkEncoding(r); err != nil {
		return nil, err
	}
	if r.ContentLength > a.maxBodyBytes {
		return nil, a.tooLarge()
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, a.maxBodyBytes+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &problem{http.StatusRequestTimeout, "request_timeout", "the body came too slowly: send it again.", nil}
	case err != nil:
		return nil, badBody("the body ended early or is not framed as HTTP wants it: send it again.")
	case int64(len(text)) > a.maxBodyBytes:
		return nil, a.tooLarge()
	case len(text) == 0:
		return nil, nil
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, &problem{http.StatusUnsupportedMediaType, "unsupported_media_type",
			fmt.Sprintf("the Content-Type is %q: send application/json.", r.Header.Get("Content-Type")), nil}
	}
	// Windows' editors and PowerShell put it there; RFC 8259 8.1 lets us ignore it.
	text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	if !utf8.Valid(text) {
		return nil, badBody("the body is not valid UTF-8: send it in UTF-8, not in UTF-16 or a Windows code page.")
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

// checkEncoding refuses compressed bodies instead of taking them for broken JSON (RFC 9110 15.5.16).
func checkEncoding(r *http.Request) error {
	for _, coding := range strings.Split(strings.Join(r.Header.Values("Content-Encoding"), ","), ",") {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			return &problem{http.StatusUnsupportedMediaType, "unsupported_content_encoding",
				fmt.Sprintf("the Content-Encoding is %q: send the body as it is, uncompressed.", shorten(coding)), nil}
		}
	}
	return nil
}

func (a *API) tooLarge() error {
	return &problem{http.StatusRequestEntityTooLarge, "body_too_large",
		fmt.Sprintf("the body is larger than %d bytes: send less, or raise MAX_BODY_BYTES.", a.maxBodyBytes), nil}
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

func shorten(text string) string {
	if len(text) <= 40 {
		return text
	}
	return strings.ToValidUTF8(text[:40], "") + "..."
}
