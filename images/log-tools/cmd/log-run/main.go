// Command log-run is the first process of a container: it runs the container's program and turns what it prints into JSON lines.
package main

import (
	"fmt"
	"io"
	"os"
)

// Exit codes of log-run itself; otherwise it ends with its program's.
const (
	exitUsage      = 2
	exitNotStarted = 127
)

func main() {
	os.Exit(run(os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}

func run(args []string, lookup func(string) (string, bool), stdout, stderr io.Writer) int {
	if len(args) > 0 && (args[0] == "--help" || args[0] == "-h") {
		fmt.Fprint(stdout, help)
		return 0
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	} else if len(args) > 0 && args[0] != "" && args[0][0] == '-' {
		fmt.Fprintf(stderr, "log-run has no option %q: it takes [--] COMMAND ARGS... Run `log-run --help`.\n", args[0])
		return exitUsage
	}
	if len(args) == 0 {
		fmt.Fprintln(stderr, "log-run got no command: write `log-run -- COMMAND ARGS...`. Run `log-run --help`.")
		return exitUsage
	}
	settings, err := loadSettings(lookup)
	if err != nil {
		fmt.Fprintln(stderr, err)
		fmt.Fprintln(stderr, "Run `log-run --help`.")
		return exitUsage
	}
	return runCommand(args, settings, stdout)
}
