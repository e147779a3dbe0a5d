package main

import (
	"fmt"
	"io"
	"sync"

	"redis-platform/log-tools/internal/process"
)

// runCommand returns the exit code.
func runCommand(command []string, settings settings, stdout io.Writer) int {
	signals := process.CatchSignals()
	log := openJournal(settings, stdout)
	defer log.close()
	outputs, err := openPipes()
	if err != nil {
		log.own("error", fmt.Sprintf("cannot start %q: no pipe for its output: %v", command[0], err))
		return exitNotStarted
	}
	program, err := process.Start(command, outputs[0].write, outputs[1].write)
	if err != nil {
		log.own("error", fmt.Sprintf("cannot start %q: %v", command[0], err))
		return exitNotStarted
	}
	go program.Forward(signals)
	var readers sync.WaitGroup
	for _, output := range outputs {
		_ = output.write.Close() // the program has its own by now
		readers.Add(1)
		go func() {
			defer readers.Done()
			output.copyTo(log)
		}()
	}
	status := <-program.Ended
	for _, output := range outputs {
		output.programEnded()
	}
	readers.Wait()
	return process.ExitCode(status)
}
