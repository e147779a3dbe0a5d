package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"redis-platform/log-tools/internal/logline"
	"redis-platform/log-tools/internal/sink"
)

// What may wait in memory, in bytes; as much again may be on its way. Container limits start at 64 MiB. The files are what counts.
const (
	fileQueue   = 8 << 20
	stdoutQueue = 2 << 20
)

// flushWithin is how long standard output, and the disk, may take at the end for what is left: it counts for the container's stop.
const flushWithin = 500 * time.Millisecond

// journal is where lines go: standard output, and files where there is a folder for them.
type journal struct {
	origin *logline.Origin
	sinks  []*sink.Sink
}

func openJournal(settings settings, stdout io.Writer) *journal {
	instance, err := os.Hostname()
	if err != nil || instance == "" {
		instance = "unknown"
	}
	origin := logline.NewOrigin(instance)
	note := func(message string) []byte { return origin.NewRenderer().AppendOwn(nil, "warn", message) }
	console := sink.New("standard output", sink.NewStream(stdout), stdoutQueue, note)
	opened := &journal{origin: origin, sinks: []*sink.Sink{console}}
	segments := sink.NewSegments(settings.folder, instance, settings.segmentBytes, int(settings.segments))
	if segments.Open() {
		files := sink.New(settings.folder, segments, fileQueue, note)
		files.ComplainTo(console)
		console.ComplainTo(files)
		opened.sinks = []*sink.Sink{files, console}
	}
	return opened
}

// add takes complete lines.
func (j *journal) add(lines []byte) {
	if len(lines) == 0 {
		return
	}
	for _, one := range j.sinks {
		one.Add(lines)
	}
}

// own writes a line of log-run itself.
func (j *journal) own(level, message string) {
	j.add(j.origin.NewRenderer().AppendOwn(nil, level, message))
}

// close writes what is left, to the files first: standard output can still tell what they lack.
func (j *journal) close() {
	for at, one := range j.sinks {
		lost := one.Close(flushWithin)
		if lost > 0 && at+1 < len(j.sinks) {
			message := fmt.Sprintf("%d lines were dropped: the files did not take them before the end", lost)
			j.sinks[at+1].Add(j.origin.NewRenderer().AppendOwn(nil, "warn", message))
		}
	}
}
