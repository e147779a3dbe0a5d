package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"redis-platform/api/internal/config"
	"redis-platform/api/internal/httpapi"
	"redis-platform/api/internal/items"
	"redis-platform/api/internal/logging"
	"redis-platform/api/internal/redisrepo"
	"redis-platform/api/internal/server"
)

// serve runs until ctx ends and everything is drained. It listens at once, so that /live answers while Redis
// is still starting.
func serve(ctx context.Context, lookup func(string) (string, bool), stdout, stderr io.Writer) int {
	settings, err := config.Load(lookup)
	if err != nil {
		logging.New(stderr, slog.LevelInfo).Error("cannot start; `api --help` lists all settings", logging.Error, err.Error())
		return exitUsage
	}
	log := logging.New(stdout, settings.LogLevel)
	redisrepo.LogTo(log)
	repository := redisrepo.New(redisrepo.Options{
		Sentinels:        settings.Sentinels,
		MasterName:       settings.MasterName,
		Username:         settings.Username,
		Password:         settings.Password,
		SentinelUsername: settings.SentinelUsername,
		SentinelPassword: settings.SentinelPassword,
		PoolSize:         settings.PoolSize,
		Confirmations:    settings.Confirmations,
		Budget:           settings.RequestBudget,
	})
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
		log.Error("stopped", logging.Error, err.Error())
		return exitFailed
	}
	return exitOK
}
