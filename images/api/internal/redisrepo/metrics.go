package redisrepo

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
)

func newRetries() prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{
		Name: "api_redis_retries_total",
		Help: "Redis commands repeated within a request's budget.",
	})
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
	r.retries.Describe(out)
}

// Collect implements prometheus.Collector.
func (r *Repository) Collect(out chan<- prometheus.Metric) {
	stats := r.client.PoolStats()
	for _, metric := range poolMetrics {
		out <- prometheus.MustNewConstMetric(metric.description, metric.kind, float64(metric.read(stats)))
	}
	r.retries.Collect(out)
}
