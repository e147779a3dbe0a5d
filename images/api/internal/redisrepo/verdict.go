package redisrepo

import (
	"context"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"
)

// verdict is what an error proves about the command that met it.
type verdict int

const (
	// final: Redis understood and refused; asking again changes nothing.
	final verdict = iota
	// notExecuted: the command was never sent or was refused before it ran; any command can be repeated.
	notExecuted
	// ambiguous: the command was sent and its answer never came, or too few replicas confirmed it; only reads, and writes
	// with an idempotency key, can be repeated.
	ambiguous
)

// refusals are the beginnings of the answers by which Redis refuses a command before it runs, for a reason that
// passes with a failover, a load or a reconfiguration.
var refusals = []string{
	"READONLY", "NOREPLICAS", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MISCONF", "BUSY",
	"max number of clients", "NOAUTH", "WRONGPASS",
}

func judge(err error) verdict {
	// Before all else: its cause is about WAIT, and says nothing about the write.
	var unconfirmed *unconfirmedError
	if errors.As(err, &unconfirmed) {
		return ambiguous
	}
	var dial *dialError
	if errors.As(err, &dial) {
		return notExecuted
	}
	for _, refusal := range refusals {
		if redis.HasErrorPrefix(err, refusal) {
			return notExecuted
		}
	}
	var reply redis.Error
	if errors.As(err, &reply) {
		return final
	}
	// A socket's time-out is a *net.OpError. A bare context error comes from the wait for a connection.
	var socket *net.OpError
	if errors.As(err, &socket) {
		return ambiguous
	}
	for _, unsent := range []error{context.DeadlineExceeded, context.Canceled, redis.ErrPoolTimeout, redis.ErrPoolExhausted, redis.ErrClosed} {
		if errors.Is(err, unsent) {
			return notExecuted
		}
	}
	return ambiguous
}
