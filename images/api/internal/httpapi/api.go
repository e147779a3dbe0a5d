// Package httpapi turns HTTP requests into calls of the item service, and its results and errors into JSON.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"redis-platform/api/internal/items"
)

// Pinger asks Redis whether it serves. It must end within 0.9 s, so that /health answers within 1 s.
type Pinger interface {
	Ping(ctx context.Context) (time.Duration, error)
}

// Options are what an API needs; all are required.
type Options struct {
	Service      *items.Service
	Redis        Pinger
	Log          *slog.Logger
	Metrics      *prometheus.Registry
	MaxBodyBytes int64
}

// API is the http.Handler of the whole service.
type API struct {
	service      *items.Service
	redis        Pinger
	log          *slog.Logger
	duration     *prometheus.HistogramVec
	maxBodyBytes int64
	draining     atomic.Bool
	exposition   http.Handler
	handler      http.Handler
}

// New registers its metrics with options.Metrics, so a registry takes one API.
func New(options Options) *API {
	api := &API{
		service:      options.Service,
		redis:        options.Redis,
		log:          options.Log,
		duration:     newDuration(options.Metrics),
		maxBodyBytes: options.MaxBodyBytes,
	}
	api.exposition = promhttp.HandlerFor(options.Metrics, promhttp.HandlerOpts{})
	mux := http.NewServeMux()
	for pattern, byMethod := range api.routes() {
		api.route(mux, pattern, byMethod)
	}
	mux.HandleFunc(unmatched, api.handle(notFound))
	api.handler = api.observe(onlyCleanPaths(mux, api.handle(notFound)))
	return api
}

// routes are described in openapi.json.
func (a *API) routes() map[string]methods {
	return map[string]methods{
		"/v1/items/{key}":    {http.MethodGet: a.getItem, http.MethodPut: a.putItem, http.MethodDelete: a.deleteItem},
		"/v1/counters/{key}": {http.MethodGet: a.getCounter, http.MethodPost: a.incrementCounter},
		"/live":              {http.MethodGet: a.live},
		"/health":            {http.MethodGet: a.health},
		"/openapi.json":      {http.MethodGet: specification},
		"/metrics": {http.MethodGet: func(w http.ResponseWriter, r *http.Request) error {
			a.exposition.ServeHTTP(w, r)
			return nil
		}},
	}
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Drain makes /health fail and every answer close its connection, so that the proxy goes elsewhere.
func (a *API) Drain() { a.draining.Store(true) }
