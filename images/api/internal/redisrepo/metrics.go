package redisrepo

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
)

// workMetrics are about what the repository did.
type workMetrics struct {
	retries, unconfirmed, replays prometheus.Counter
	confirmationTime              prometheus.Histogram
}

func newWorkMetrics() workMetrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	return workMetrics{
		retries:     counter("api_redis_retries_total", "Redis commands repeated within a request's budget."),
		unconfirmed: counter("api_redis_unconfirmed_writes_total", "Writes that were sent and not confirmed in time: outcome_unknown."),
		replays:     counter("api_redis_idempotent_replays_total", "Writes answered by what an earlier one of the same Idempotency-Key did."),
		confirmationTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "api_redis_confirmation_seconds",
			Help:    "From a write's start to the end of the WAIT that came with it, confirmed or not.",
			Buckets: []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 1.5, 2},
		}),
	}
}

func (m *workMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.retries, m.unconfirmed, m.replays, m.confirmationTime}
}

// poolMetric is one number of the connection pool.
type poolMetric struct {
	description *prometheus.Desc
	kind        prometheus.ValueType
	read        func(*redis.PoolStats) uint32
}

func describe(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("api_redis_pool_"+name, help, nil, nil)
}

var poolMetrics = []poolMetric{
	{describe("hits_total", "A free connection was found in the pool."), prometheus.CounterValue, func(s *redis.PoolStats) uint32 { return s.Hits }},
	{describe("misses_total", "No free connection was found in the pool."), prometheus.CounterValue, func(s *redis.PoolStats) uint32 { return s.Misses }},
	{describe("timeouts_total", "The wait for a connection timed out."), prometheus.CounterValue, func(s *redis.PoolStats) uint32 { return s.Timeouts }},
	{describe("stale_connections_total", "Connections removed because they were stale."), prometheus.CounterValue, func(s *redis.PoolStats) uint32 { return s.StaleConns }},
	{describe("connections", "Connections in the pool."), prometheus.GaugeValue, func(s *redis.PoolStats) uint32 { return s.TotalConns }},
	{describe("idle_connections", "Connections in the pool that nobody uses."), prometheus.GaugeValue, func(s *redis.PoolStats) uint32 { return s.IdleConns }},
}

// Describe implements prometheus.Collector.
func (r *Repository) Describe(out chan<- *prometheus.Desc) {
	for _, metric := range poolMetrics {
		out <- metric.description
	}
	for _, metric := range r.all() {
		metric.Describe(out)
	}
}

// Collect implements prometheus.Collector.
func (r *Repository) Collect(out chan<- prometheus.Metric) {
	stats := r.client.PoolStats()
	for _, metric := range poolMetrics {
		out <- prometheus.MustNewConstMetric(metric.description, metric.kind, float64(metric.read(stats)))
	}
	for _, metric := range r.all() {
		metric.Collect(out)
	}
}
