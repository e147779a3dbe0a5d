package httpapi

import (
	"errors"
	"net/http"

	"redis-platform/api/internal/items"
	"redis-platform/api/internal/logging"
)

// retryAfterSeconds tells clients to come back; a failover takes about three seconds.
const retryAfterSeconds = "1"

// problem is an error answer. cause is for the log only.
type problem struct {
	status  int
	code    string
	message string
	cause   error
}

func (p *problem) Error() string { return p.message }

// asProblem is the one table from errors to answers.
func asProblem(err error) *problem {
	var (
		own         *problem
		invalid     *items.InvalidError
		unavailable *items.UnavailableError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &invalid):
		return &problem{http.StatusBadRequest, invalid.Code, invalid.Message, nil}
	case errors.Is(err, items.ErrNotFound):
		return &problem{http.StatusNotFound, "not_found", "nothing is stored under this key.", nil}
	case errors.Is(err, items.ErrPreconditionFailed):
		return &problem{http.StatusPreconditionFailed, "precondition_failed",
			"the stored item does not meet If-Match or If-None-Match; nothing was changed. Read it again and decide.", nil}
	case errors.Is(err, items.ErrCounterRange):
		return &problem{http.StatusConflict, "counter_out_of_range",
			"the counter would leave the range of a signed 64-bit number; it was not changed. Use a smaller step.", nil}
	case errors.Is(err, items.ErrIdempotencyKeyReused):
		return &problem{http.StatusUnprocessableEntity, "idempotency_key_reused",
			"this Idempotency-Key was used for another request (method, path, body or preconditions) within 24 hours; nothing was changed. " +
				"Use a new one for each write, and repeat a write as it was.", nil}
	case errors.Is(err, items.ErrOutOfMemory):
		return &problem{http.StatusInsufficientStorage, "out_of_memory",
			"Redis reached its memory limit and evicts nothing; nothing was stored. Delete items or raise maxmemory.", err}
	case errors.As(err, &unavailable) && unavailable.OutcomeUnknown:
		return &problem{http.StatusServiceUnavailable, "outcome_unknown",
			"Redis went away while it wrote, or too few replicas confirmed the write in time: it may have happened, and may yet be lost. " +
				"Repeat it with the same Idempotency-Key; without one, a counter may count twice.", err}
	case errors.As(err, &unavailable):
		return &problem{http.StatusServiceUnavailable, "redis_unavailable",
			"no Redis master answered in time; this request changed nothing. Try again.", err}
	default:
		return &problem{http.StatusInternalServerError, "internal_error", "the request failed; the log has the cause under this request id.", err}
	}
}

func writeProblem(w http.ResponseWriter, r *http.Request, p *problem) {
	entryOf(r).problem = p
	if p.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfterSeconds)
	}
	writeJSON(w, p.status, problemAnswer(p, logging.RequestIDOf(r.Context())))
}

type problemBody struct {
	Error problemFields `json:"error"`
}

type problemFields struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	RequestID string `json:"requestId"`
}

func problemAnswer(p *problem, id string) problemBody {
	return problemBody{problemFields{p.code, p.message, id}}
}
