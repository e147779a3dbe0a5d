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
	mux := http.NewServeMux()
	api.route(mux, "/v1/items/{key}", methods{http.MethodGet: api.getItem, http.MethodPut: api.putItem, http.MethodDelete: api.deleteItem})
	api.route(mux, "/v1/counters/{key}", methods{http.MethodGet: api.getCounter, http.MethodPost: api.incrementCounter})
	api.route(mux, "/live", methods{http.MethodGet: api.live})
	api.route(mux, "/health", methods{http.MethodGet: api.health})
	exposition := promhttp.HandlerFor(options.Metrics, promhttp.HandlerOpts{})
	api.route(mux, "/metrics", methods{http.MethodGet: func(w http.ResponseWriter, r *http.Request) error {
		exposition.ServeHTTP(w, r)
		return nil
	}})
	mux.HandleFunc(unmatched, api.handle(notFound))
	api.handler = api.observe(onlyCleanPaths(mux, api.handle(notFound)))
	return api
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Drain makes /health fail and every answer close its connection, so that the proxy goes elsewhere.
func (a *API) Drain() { a.draining.Store(true) }
