package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// asideDir holds files that Redis did not start from, in one folder for each time. Redis never looks at it.
const (
	asideDir  = "set-aside"
	asideKept = 2
)

// Aside is where files were moved to.
type Aside struct {
	Path  string
	Bytes int64
}

// SetAside moves Redis' files into a folder of their own, so that the node starts empty and copies the master. Renaming needs no room. Of earlier
// folders, the newest is kept.
func SetAside(dir string, now time.Time) (Aside, error) {
	files, err := redisFiles(dir)
	if err != nil {
		return Aside{}, err
	}
	if len(files) == 0 {
		return Aside{}, errors.New("there is nothing to set aside")
	}
	all := filepath.Join(dir, asideDir)
	aside := Aside{Path: filepath.Join(all, now.UTC().Format("20060102T150405.000Z"))}
	if err := os.MkdirAll(aside.Path, 0o700); err != nil {
		return Aside{}, err
	}
	for _, name := range files {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(aside.Path, name)); err != nil {
			return Aside{}, err
		}
	}
	aside.Bytes = sizeOf(aside.Path)
	return aside, keepNewest(all)
}

// redisFiles are the names of what Redis keeps in its data directory.
func redisFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if name == appendDir || filepath.Ext(name) == ".rdb" || filepath.Ext(name) == ".aof" {
			names = append(names, name)
		}
	}
	return names, nil
}

func keepNewest(all string) error {
	entries, err := os.ReadDir(all)
	if err != nil {
		return err
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() > entries[j].Name() })
	var failures []error
	for _, entry := range entries[min(asideKept, len(entries)):] {
		failures = append(failures, os.RemoveAll(filepath.Join(all, entry.Name())))
	}
	return errors.Join(failures...)
}

func sizeOf(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			if info, err := entry.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil
	})
	return bytes
}

// clearTemporary removes what a redis-server that was killed has left half written; each try would leave another such file.
func clearTemporary(dir string) error {
	var failures []error
	for _, place := range []string{dir, filepath.Join(dir, appendDir)} {
		entries, err := os.ReadDir(place)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			failures = append(failures, err)
		}
		for _, entry := range entries {
			if entry.Type().IsRegular() && (strings.HasPrefix(entry.Name(), "temp-") || strings.HasPrefix(entry.Name(), probePrefix)) {
				failures = append(failures, os.Remove(filepath.Join(place, entry.Name())))
			}
		}
	}
	return errors.Join(failures...)
}

// What is written to see whether the disk takes it: more than a node writes at once when it starts.
const (
	probePrefix = ".room-"
	probeBytes  = 64 << 10
)

// CheckRoom says why nothing can be written into a directory.
func CheckRoom(dir string) error {
	draft, err := os.CreateTemp(dir, probePrefix)
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	_, err = draft.Write(make([]byte, probeBytes))
	if err == nil {
		err = draft.Sync()
	}
	if err = errors.Join(err, draft.Close()); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}
