package items

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound means that nothing is stored under the key.
	ErrNotFound = errors.New("nothing is stored under this key")
	// ErrPreconditionFailed means that the stored item is not as the precondition demands; nothing was written.
	ErrPreconditionFailed = errors.New("the stored item does not meet the precondition")
	// ErrOutOfMemory means that Redis reached maxmemory and its policy evicts nothing; nothing was written.
	ErrOutOfMemory = errors.New("redis is out of memory")
	// ErrCounterRange means that the sum would leave the range of a signed 64-bit number; nothing was written.
	ErrCounterRange = errors.New("the counter would leave the range of a signed 64-bit number")
	// ErrIdempotencyKeyReused means that the key belongs to another request; nothing was written.
	ErrIdempotencyKeyReused = errors.New("the idempotency key was used for another request")
)

// InvalidError is input that is refused. Message says what was wrong, what is allowed and what to do.
type InvalidError struct {
	Code    string
	Message string
}

func (e *InvalidError) Error() string { return e.Message }

// UnavailableError means that no Redis master answered within the request's budget.
type UnavailableError struct {
	// OutcomeUnknown is true where a write was sent and either its answer never came or too few replicas
	// confirmed it: it may have happened, and what happened may be lost with the master.
	OutcomeUnknown bool
	// Cause is for the log; it can name addresses.
	Cause error
}

func (e *UnavailableError) Error() string {
	if e.OutcomeUnknown {
		return fmt.Sprintf("the write may have happened: %v", e.Cause)
	}
	return fmt.Sprintf("redis is unavailable: %v", e.Cause)
}

func (e *UnavailableError) Unwrap() error { return e.Cause }
