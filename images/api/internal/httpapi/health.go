package httpapi

import (
	"math"
	"net/http"
	"time"

	"redis-platform/api/internal/logging"
)

type healthBody struct {
	// Status is ok, unavailable (Redis does not answer) or draining (the process is stopping).
	Status string      `json:"status"`
	Redis  redisHealth `json:"redis"`
}

type redisHealth struct {
	Status    string   `json:"status"`
	LatencyMs *float64 `json:"latencyMs,omitempty"`
	Reason    string   `json:"reason,omitempty"`
}

// live says that the process serves, whatever Redis does: restarting it would not mend Redis.
func (a *API) live(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	return nil
}

// health says whether this process should get requests: it is not stopping, and Redis answers it.
func (a *API) health(w http.ResponseWriter, r *http.Request) error {
	body := healthBody{Status: "ok"}
	latency, err := a.redis.Ping(r.Context())
	if err != nil {
		body = healthBody{"unavailable", redisHealth{Status: "unavailable", Reason: "no Redis master answers; the log has the cause"}}
		a.log.WarnContext(r.Context(), "health: redis does not answer", logging.Error, err.Error())
	} else {
		milliseconds := math.Round(float64(latency)/float64(time.Microsecond)) / 1000
		body.Redis = redisHealth{Status: "ok", LatencyMs: &milliseconds}
	}
	if a.draining.Load() {
		body.Status = "draining"
	}
	if body.Status != "ok" {
		w.Header().Set("Retry-After", retryAfterSeconds)
		writeJSON(w, http.StatusServiceUnavailable, body)
		return nil
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}
