// Command es-node runs an Elasticsearch node and keeps it in order: users, index template, retention, and a gate in front.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const usage = `usage: es-node run COMMAND [ARGS...]   prepare the configuration, run Elasticsearch, open the gate once it is ready
       es-node health                 exit 0 if the gate is open

Settings: NODE_ADDRESS, the address that the gate listens on (port 9200); /config/es-node.json; ES_PATH_CONF, a folder
that can be written to.`

const (
	configFile = "/config/es-node.json"
	// Elasticsearch itself listens on loopback only: everybody else comes through the gate.
	nodeURL  = "http://127.0.0.1:9200"
	gatePort = "9200"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: ecsNames})))
	args := os.Args[1:]
	switch {
	case len(args) > 1 && args[0] == "run":
		os.Exit(run(args[1:]))
	case len(args) == 1 && args[0] == "health":
		if err := checkHealth(os.Getenv("NODE_ADDRESS") + ":" + gatePort); err != nil {
			fmt.Fprintln(os.Stderr, "es-node:", err)
			os.Exit(1)
		}
	case len(args) == 1 && (args[0] == "--help" || args[0] == "help"):
		fmt.Println(usage)
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
}

// run returns Elasticsearch's exit code, or 1 if it could not be started.
func run(command []string) int {
	config, err := LoadConfig(configFile)
	if err == nil {
		err = PrepareFolder(config, os.Getenv("ES_PATH_CONF"))
	}
	if err != nil {
		slog.Error("cannot start", "error.message", err.Error())
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	child, err := StartChild(command)
	if err != nil {
		slog.Error("cannot start Elasticsearch", "error.message", err.Error())
		return 1
	}
	go serve(ctx, config)
	select {
	case <-ctx.Done():
		child.Terminate()
		return child.Wait()
	case code := <-child.Ended:
		slog.Error("Elasticsearch ended unexpectedly", "process.exit_code", code)
		return max(code, 1)
	}
}

// serve opens the gate once the index template is in place: a line that came before would get guessed field types for good.
func serve(ctx context.Context, config Config) {
	keeper := NewKeeper(config, nodeURL)
	for attempt := 0; ; attempt++ {
		err := keeper.Apply(ctx)
		if err == nil {
			break
		}
		// It takes about ten seconds to start: only what lasts longer is worth a line.
		if attempt > 0 && attempt%60 == 0 {
			slog.Warn("Elasticsearch is not ready yet", "error.message", err.Error())
		}
		if !sleep(ctx, 500*time.Millisecond) {
			return
		}
	}
	store := NewStore()
	gate := &http.Server{
		Addr:              os.Getenv("NODE_ADDRESS") + ":" + gatePort,
		Handler:           NewGate(nodeURL, config.Impatient, store),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	go func() {
		if err := gate.ListenAndServe(); err != nil {
			slog.Error("the gate cannot listen", "error.message", err.Error())
		}
	}()
	slog.Info("ready", "server.address", gate.Addr)
	keeper.Keep(ctx, store.Refused())
}

func checkHealth(address string) error {
	client := http.Client{Timeout: 3 * time.Second}
	answer, err := client.Get("http://" + address + healthPath)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(answer.Body, 500))
		return fmt.Errorf("%s answered %s: %s", healthPath, answer.Status, bytes.TrimSpace(reason))
	}
	return nil
}

// ecsNames gives slog's own attributes their names in the Elastic Common Schema.
func ecsNames(groups []string, attribute slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return attribute
	}
	switch attribute.Key {
	case slog.TimeKey:
		attribute.Key = "@timestamp"
	case slog.LevelKey:
		return slog.String("log.level", strings.ToLower(attribute.Value.String()))
	case slog.MessageKey:
		attribute.Key = "message"
	}
	return attribute
}

func sleep(ctx context.Context, wait time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}
