package backup

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// formatVersion is that of cli/backup/manifest.ts, which reads these files.
const formatVersion = 1

// Manifest is what a backup says about itself; cli/backup/manifest.ts explains it.
type Manifest struct {
	FormatVersion int       `json:"formatVersion"`
	Deployment    string    `json:"deployment"`
	Environment   string    `json:"environment"`
	TakenAt       time.Time `json:"takenAt"`
	RedisVersion  string    `json:"redisVersion"`
	From          string    `json:"from"`
	Mark          Mark      `json:"mark"`
	Keys          int64     `json:"keys"`
	Memory        Memory    `json:"memory"`
	RDB           RDB       `json:"rdb"`
}

// Mark is how far the data goes.
type Mark struct {
	Replication string `json:"replication"`
	Asked       int64  `json:"asked"`
	Taken       int64  `json:"taken"`
}

// Memory is in bytes.
type Memory struct {
	Max  int64 `json:"max"`
	Used int64 `json:"used"`
}

// RDB is the snapshot.
type RDB struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Kept is a backup in the store.
type Kept struct {
	Name     string   `json:"name"` // of the file
	Manifest Manifest `json:"manifest"`
}

const (
	suffix     = ".tar"
	nameLayout = "2006-01-02T15-04-05Z" // as `npm run backup` names them: Windows takes no colons
	draftTar   = "draft.new"
	draftRDB   = "draft.rdb"
)

// Store is a folder of backups. Only one process writes to it.
type Store struct{ Folder string }

// times of all backups, oldest first.
func (s Store) times() ([]time.Time, error) {
	entries, err := os.ReadDir(s.Folder)
	if err != nil {
		return nil, err
	}
	var times []time.Time
	for _, entry := range entries {
		if taken, err := time.Parse(nameLayout+suffix, entry.Name()); err == nil {
			times = append(times, taken)
		}
	}
	sort.Slice(times, func(a, b int) bool { return times[a].Before(times[b]) })
	return times, nil
}

func (s Store) path(taken time.Time) string {
	return filepath.Join(s.Folder, taken.UTC().Format(nameLayout)+suffix)
}

// List reads what each backup says about itself, oldest first.
func (s Store) List() ([]Kept, error) {
	times, err := s.times()
	if err != nil {
		return nil, err
	}
	kept := []Kept{}
	for _, taken := range times {
		manifest, err := readManifest(s.path(taken))
		if errors.Is(err, os.ErrNotExist) {
			continue // too old by now
		}
		if err != nil {
			return nil, err
		}
		kept = append(kept, Kept{filepath.Base(s.path(taken)), manifest})
	}
	return kept, nil
}

// write turns a snapshot into a backup, whole or not at all.
func (s Store) write(manifest Manifest, rdb *os.File) error {
	draft := filepath.Join(s.Folder, draftTar)
	file, err := os.OpenFile(draft, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(writeTar(file, manifest, rdb), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(draft, s.path(manifest.TakenAt))
}

func writeTar(to io.Writer, manifest Manifest, rdb *os.File) error {
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if _, err := rdb.Seek(0, io.SeekStart); err != nil {
		return err
	}
	archive := tar.NewWriter(to)
	header := func(name string, size int64) error {
		return archive.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: manifest.TakenAt})
	}
	// Its manifest first: what comes first tells that it is a backup.
	if err := header("manifest.json", int64(len(text))); err != nil {
		return err
	}
	if _, err := archive.Write(text); err != nil {
		return err
	}
	if err := header("dump.rdb", manifest.RDB.Bytes); err != nil {
		return err
	}
	if _, err := io.Copy(archive, rdb); err != nil {
		return err
	}
	return archive.Close()
}

func readManifest(path string) (Manifest, error) {
	var manifest Manifest
	file, err := os.Open(path)
	if err != nil {
		return manifest, err
	}
	defer file.Close()
	archive := tar.NewReader(file)
	header, err := archive.Next()
	if err == nil && header.Name != "manifest.json" {
		err = fmt.Errorf("it begins with %s", header.Name)
	}
	if err == nil {
		err = json.NewDecoder(archive).Decode(&manifest)
	}
	if err != nil {
		return manifest, fmt.Errorf("%s: %w", path, err)
	}
	return manifest, nil
}

// clean removes what a killed process left.
func (s Store) clean() error {
	var problems []error
	for _, name := range []string{draftTar, draftRDB} {
		if err := os.Remove(filepath.Join(s.Folder, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// prune removes what is too old or too many, but never the newest. It returns the names of what went.
func (s Store) prune(keep Keep, now time.Time) ([]string, error) {
	times, err := s.times()
	if err != nil {
		return nil, err
	}
	var removed []string
	for i, taken := range times {
		newer := len(times) - 1 - i
		if newer == 0 || (newer < keep.Count && now.Sub(taken) <= keep.MaxAge()) {
			continue
		}
		if err := os.Remove(s.path(taken)); err != nil {
			return removed, err
		}
		removed = append(removed, strings.TrimSuffix(filepath.Base(s.path(taken)), suffix))
	}
	return removed, nil
}
