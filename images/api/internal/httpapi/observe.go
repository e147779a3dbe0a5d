package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"redis-platform/api/internal/logging"
	"redis-platform/api/internal/requestid"
)

// newDuration's _count is the number of requests. The buckets end at the 2 s that no request should pass.
func newDuration(metrics *prometheus.Registry) *prometheus.HistogramVec {
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "api_http_request_duration_seconds",
		Help:    "Requests and how long they took, by method, route pattern and status.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 1.5, 2, 5},
	}, []string{"method", "route", "status"})
	metrics.MustRegister(duration)
	return duration
}

// entry is what the log and the metrics learn about one request.
type entry struct{ problem *problem }

type entryKey struct{}

func entryOf(r *http.Request) *entry {
	if found, ok := r.Context().Value(entryKey{}).(*entry); ok {
		return found
	}
	return &entry{}
}

// recorder remembers the status and the size of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(text []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	written, err := r.ResponseWriter.Write(text)
	r.bytes += written
	return written, err
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// observe gives each request its id, counts and logs it, and turns a panic into a 500.
func (a *API) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		seen := &entry{}
		id := requestid.Of(r.Header.Values(requestid.Header))
		answer := &recorder{ResponseWriter: w}
		answer.Header().Set(requestid.Header, id)
		if a.draining.Load() {
			answer.Header().Set("Connection", "close")
		}
		r = r.WithContext(logging.WithRequestID(context.WithValue(r.Context(), entryKey{}, seen), id))
		r.Body = &upload{ReadCloser: r.Body}
		defer func() {
			panicked := recover()
			if panicked != nil && panicked != http.ErrAbortHandler {
				a.log.ErrorContext(r.Context(), "panic", logging.Error, logging.Discreet(fmt.Sprint(panicked)), "error.stack_trace", string(debug.Stack()))
				if answer.status == 0 {
					writeProblem(answer, r, asProblem(errors.New("panic")))
				}
			}
			a.record(r, seen, answer, time.Since(start))
			if panicked == http.ErrAbortHandler {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(answer, r)
	})
}

func (a *API) record(r *http.Request, seen *entry, answer *recorder, took time.Duration) {
	route := routeOf(r)
	a.duration.WithLabelValues(methodOf(r), route, strconv.Itoa(answer.status)).Observe(took.Seconds())
	level := slog.LevelInfo
	switch {
	case route == "/live" || route == "/health" || route == "/metrics":
		level = slog.LevelDebug
	case answer.status == http.StatusInternalServerError:
		level = slog.LevelError
	case answer.status > http.StatusInternalServerError:
		level = slog.LevelWarn
	}
	if !a.log.Enabled(r.Context(), level) {
		return
	}
	path := r.URL.EscapedPath()
	attributes := []slog.Attr{
		slog.String("http.request.method", methodOf(r)), slog.String("url.path", path), slog.String("http.route", route),
		slog.Int("http.response.status_code", answer.status), slog.Int("http.response.body.bytes", answer.bytes),
		slog.Int64("event.duration", took.Nanoseconds()),
	}
	if seen.problem != nil {
		// Its message is for the caller alone: it may repeat what the body held.
		attributes = append(attributes, slog.String("error.code", seen.problem.code))
		if seen.problem.cause != nil {
			attributes = append(attributes, slog.String(logging.Error, seen.problem.cause.Error()))
		}
	}
	a.log.LogAttrs(r.Context(), level, methodOf(r)+" "+path+" "+strconv.Itoa(answer.status), attributes...)
}

// routeOf is the pattern without its method; everything unknown is one label value, so that nobody can make
// the metrics grow by asking for many paths.
func routeOf(r *http.Request) string {
	pattern := r.Pattern
	if _, path, found := strings.Cut(pattern, " "); found {
		pattern = path
	}
	if pattern == "" || pattern == unmatched {
		return "unmatched"
	}
	return pattern
}

func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodOptions, http.MethodPatch:
		return r.Method
	default:
		return "other"
	}
}
