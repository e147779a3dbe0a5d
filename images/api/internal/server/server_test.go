package server

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

var quiet = slog.New(slog.NewJSONHandler(io.Discard, nil))

// running is a server whose handler waits for release.
type running struct {
	address  string
	stop     context.CancelFunc
	entered  chan struct{}
	release  chan struct{}
	draining chan struct{}
	result   chan error
}

func start(t *testing.T, drainTimeout time.Duration) *running {
	t.Helper()
	listeners, err := Listen([]string{"127.0.0.1:0", "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{
		address: listeners[1].Addr().String(), stop: stop,
		entered: make(chan struct{}, 1), release: make(chan struct{}), draining: make(chan struct{}), result: make(chan error, 1),
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		r.entered <- struct{}{}
		<-r.release
		_, _ = io.WriteString(w, "finished")
	})
	go func() {
		r.result <- Serve(ctx, listeners, Options{
			Handler: handler, OnDrain: func() { close(r.draining) }, DrainTimeout: drainTimeout, Log: quiet})
	}()
	t.Cleanup(stop)
	return r
}

func (r *running) get() (string, error) {
	response, err := http.Get("http://" + r.address)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

func TestAnInFlightRequestFinishesAndNewOnesAreRefused(t *testing.T) {
	r := start(t, 10*time.Second)
	type result struct {
		text string
		err  error
	}
	answer := make(chan result, 1)
	go func() {
		text, err := r.get()
		answer <- result{text, err}
	}()
	<-r.entered
	r.stop()
	<-r.draining
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", r.address)
		if err != nil {
			break
		}
		_ = conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("still accepts connections 5 s after it began to drain")
		}
	}
	close(r.release)
	if got := <-answer; got.err != nil || got.text != "finished" {
		t.Fatalf("%+v", got)
	}
	if err := <-r.result; err != nil {
		t.Fatal(err)
	}
}

func TestARequestThatNeverEndsIsCutOffAtTheTimeout(t *testing.T) {
	r := start(t, time.Second)
	go func() { _, _ = r.get() }()
	<-r.entered
	began := time.Now()
	r.stop()
	err := <-r.result
	close(r.release)
	if err == nil || !strings.Contains(err.Error(), "DRAIN_SECONDS") || time.Since(began) > 3*time.Second {
		t.Fatalf("%v after %s", err, time.Since(began))
	}
}

func TestATakenAddressIsAnErrorWithAFix(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	err = Run(context.Background(), Options{Addresses: []string{taken.Addr().String()}, Handler: http.NotFoundHandler(), Log: quiet})
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(err.Error(), "LISTEN_ADDRESS") {
		t.Fatal(err)
	}
}
