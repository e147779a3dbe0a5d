// Command api serves items and counters over HTTP and keeps them in a Redis that Sentinels fail over.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // wrong arguments or settings; restarting does not help
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	code := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, lookup func(string) (string, bool), stdout, stderr io.Writer) int {
	command := "serve"
	if len(args) > 0 {
		command = args[0]
	}
	switch {
	case len(args) > 1:
		fmt.Fprintf(stderr, "api takes one command, got %d arguments: %q. Run `api --help`.\n", len(args), args)
		return exitUsage
	case command == "serve":
		return serve(ctx, lookup, stdout, stderr)
	case command == "healthcheck":
		return healthcheck(ctx, lookup, stderr)
	case command == "help", command == "--help", command == "-h":
		fmt.Fprint(stdout, help)
		return exitOK
	default:
		fmt.Fprintf(stderr, "api has no command %q: use serve, healthcheck or --help.\n", command)
		return exitUsage
	}
}
