package main

import (
	"errors"
	"fmt"
	"strconv"
)

type settings struct {
	folder       string
	segmentBytes int64
	segments     int64
}

// loadSettings reports every problem at once.
func loadSettings(lookup func(string) (string, bool)) (settings, error) {
	var problems []error
	number := func(name string, otherwise, least, most int64) int64 {
		text, _ := lookup(name)
		if text == "" {
			return otherwise
		}
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil || value < least || value > most {
			problems = append(problems, fmt.Errorf("%s is %q: it must be a whole number from %d to %d. Leave it out for %d", name, text, least, most, otherwise))
		}
		return value
	}
	folder, _ := lookup("LOG_DIR")
	if folder == "" {
		folder = "/var/log/app"
	}
	loaded := settings{
		folder:       folder,
		segmentBytes: number("LOG_SEGMENT_BYTES", 8<<20, 4<<10, 1<<30),
		segments:     number("LOG_SEGMENTS", 4, 2, 1000),
	}
	return loaded, errors.Join(problems...)
}
