// Package logging writes JSON lines with the names of the Elastic Common Schema.
package logging

import (
	"context"
	"io"
	"log/slog"
	"strings"
)

// Names of fields that more than one package writes.
const (
	RequestID = "request.id"
	Error     = "error.message"
)

// New returns a logger. Lines that are logged with the context of a request carry the request's id.
func New(to io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(withRequestID{slog.NewJSONHandler(to, &slog.HandlerOptions{Level: level, ReplaceAttr: rename})})
}

// rename gives slog's own three fields their names in the schema.
func rename(groups []string, attribute slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return attribute
	}
	switch attribute.Key {
	case slog.TimeKey:
		return slog.Time("@timestamp", attribute.Value.Time().UTC())
	case slog.LevelKey:
		return slog.String("log.level", strings.ToLower(attribute.Value.String()))
	case slog.MessageKey:
		attribute.Key = "message"
	}
	return attribute
}

type requestIDKey struct{}

// WithRequestID returns a context whose lines carry the id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestIDOf returns the id, empty outside of a request.
func RequestIDOf(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// withRequestID adds the id of the context's request.
type withRequestID struct{ slog.Handler }

func (h withRequestID) Handle(ctx context.Context, record slog.Record) error {
	if id := RequestIDOf(ctx); id != "" {
		record.AddAttrs(slog.String(RequestID, id))
	}
	return h.Handler.Handle(ctx, record)
}

func (h withRequestID) WithAttrs(attributes []slog.Attr) slog.Handler {
	return withRequestID{h.Handler.WithAttrs(attributes)}
}

func (h withRequestID) WithGroup(name string) slog.Handler {
	return withRequestID{h.Handler.WithGroup(name)}
}
