package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"redis-platform/api/internal/config"
	"redis-platform/api/internal/httpapi"
	"redis-platform/api/internal/items"
	"redis-platform/api/internal/redisrepo"
	"redis-platform/api/internal/server"
)

// serve runs until ctx ends and everything is drained. It listens at once, so that /live answers while Redis
// is still starting.
func serve(ctx context.Context, lookup func(string) (string, bool), stdout, stderr io.Writer) int {
	settings, err := config.Load(lookup)
	if err != nil {
		fmt.Fprintln(stderr, err)
		fmt.Fprintln(stderr, "Run `api --help` for all settings.")
		return exitUsage
	}
	log := slog.New(slog.NewJSONHandler(stdout, &slog.HandlerOptions{Level: settings.LogLevel}))
	redisrepo.LogTo(log)
	repository := redisrepo.New(redisrepo.Options{
		Sentinels:        settings.Sentinels,
		MasterName:       settings.MasterName,
		Username:         settings.Username,
		Password:         settings.Password,
		SentinelUsername: settings.SentinelUsername,
		SentinelPassword: settings.SentinelPassword,
		PoolSize:         settings.PoolSize,
	}, settings.RequestBudget)
	defer func() { _ = repository.Close() }()

	metrics := prometheus.NewRegistry()
	metrics.MustRegister(repository, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	api := httpapi.New(httpapi.Options{
		Service:      items.NewService(repository, settings.MaxKeyLength),
		Redis:        repository,
		Log:          log,
		Metrics:      metrics,
		MaxBodyBytes: settings.MaxBodyBytes,
	})
	go repository.WaitUntilReady(ctx, log)
	err = server.Run(ctx, server.Options{
		Addresses:    settings.ListenAddresses,
		Handler:      api,
		OnDrain:      api.Drain,
		DrainTimeout: settings.DrainTimeout,
		Log:          log,
	})
	if err != nil {
		log.Error("stopped", "error", err.Error())
		return exitFailed
	}
	return exitOK
}
