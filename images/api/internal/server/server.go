// Package server listens on several addresses and stops without cutting off a request.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"redis-platform/api/internal/httpapi"
)

const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second // header and body; MAX_BODY_BYTES on a slow line
	writeTimeout      = 15 * time.Second
	// idleTimeout should be longer than the proxy's keep-alive, so that it is the proxy which closes.
	idleTimeout    = 75 * time.Second
	maxHeaderBytes = 16 << 10
	// farewell is how long a stopping server goes on serving, each answer with "Connection: close": until the proxy has taken
	// it out (with its defaults 2 s after /health began to fail). Earlier, a connection that is closed for being idle may
	// be the one on which the proxy is just sending a request, which then gets 502.
	farewell = 2500 * time.Millisecond
)

// Options describe a server; all are required.
type Options struct {
	Addresses []string
	Handler   http.Handler
	// OnDrain is called when the server begins to stop.
	OnDrain func()
	// DrainTimeout is the longest that stopping may take.
	DrainTimeout time.Duration
	Log          *slog.Logger
}

// Listen opens all addresses, or none.
func Listen(addresses []string) ([]net.Listener, error) {
	var opened []net.Listener
	for _, address := range addresses {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			for _, other := range opened {
				_ = other.Close()
			}
			return nil, fmt.Errorf("cannot listen on %s: %w. Name an address of this host and a free port in LISTEN_ADDRESS", address, err)
		}
		opened = append(opened, listener)
	}
	return opened, nil
}

// Run serves until ctx ends, then drains. An error means that an address could not be opened, that serving
// failed, or that requests were still running when DrainTimeout was over.
func Run(ctx context.Context, options Options) error {
	listeners, err := Listen(options.Addresses)
	if err != nil {
		return err
	}
	return Serve(ctx, listeners, options)
}

// Serve is Run on listeners that are already open.
func Serve(ctx context.Context, listeners []net.Listener, options Options) error {
	server := &http.Server{
		Handler:           options.Handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// OPTIONS * is the handler's, too.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(options.Log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, len(listeners))
	for _, listener := range listeners {
		options.Log.Info("listening", "server.address", listener.Addr().String())
		go func() { failed <- server.Serve(httpapi.JSONErrors(listener, options.Log)) }()
	}
	select {
	case err := <-failed:
		_ = server.Close()
		return fmt.Errorf("serving failed: %w", err)
	case <-ctx.Done():
	}
	return drain(server, options)
}

func drain(server *http.Server, options Options) error {
	start := time.Now()
	options.Log.Info("draining", "server.drain_timeout", options.DrainTimeout.String())
	options.OnDrain()
	ctx, cancel := context.WithTimeout(context.Background(), options.DrainTimeout)
	defer cancel()
	time.Sleep(min(farewell, options.DrainTimeout/2))
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		_ = server.Close()
		return fmt.Errorf("requests were still running after %s and were cut off: raise DRAIN_SECONDS", options.DrainTimeout)
	}
	if err != nil {
		return fmt.Errorf("closing the listeners: %w", err)
	}
	options.Log.Info("drained", "event.duration", time.Since(start).Nanoseconds())
	return nil
}
