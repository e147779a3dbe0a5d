// Package backup takes backups of a Redis replication on a schedule, and keeps as many as it is told.
package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// retryAfter a failure; a failover takes 3 s. Each failure in a row doubles it, as each try may fork a node.
const retryAfter = 5 * time.Second

// Keep says which backups stay. The newest always does.
type Keep struct {
	Count         int   `json:"count"`
	MaxAgeSeconds int64 `json:"maxAgeSeconds"`
}

// MaxAge as a duration.
func (k Keep) MaxAge() time.Duration { return time.Duration(k.MaxAgeSeconds) * time.Second }

// Schedule takes backups.
type Schedule struct {
	Source      Source
	Store       Store
	Every       time.Duration
	Keep        Keep
	Deployment  string
	Environment string
	// Told of each backup, with what was removed after it, and of each failure.
	Taken  func(Manifest, time.Duration, []string)
	Failed func(error)
}

// Run takes a backup whenever one is due, until ctx ends. It returns an error only if the store cannot be used.
func (s Schedule) Run(ctx context.Context) error {
	if err := s.Store.clean(); err != nil {
		return err
	}
	retry := retryAfter
	for {
		times, err := s.Store.times()
		if err != nil {
			return err
		}
		wait := until(times, s.Every, time.Now())
		if wait <= 0 {
			if err := s.once(ctx); err == nil {
				retry = retryAfter
			} else if ctx.Err() == nil {
				s.Failed(err)
				wait, retry = min(retry, s.Every), 2*retry
			}
		}
		select {
		case <-ctx.Done():
			return s.Store.clean()
		case <-time.After(wait):
		}
	}
}

// until the next one is due: at once where there is none.
func until(times []time.Time, every time.Duration, now time.Time) time.Duration {
	newest, found := newestOf(times, now)
	if !found {
		return 0
	}
	return newest.Add(every).Sub(now)
}

// newestOf passes over what a clock that went wrong has dated into the future.
func newestOf(times []time.Time, now time.Time) (newest time.Time, found bool) {
	for _, taken := range times {
		if !taken.After(now) {
			newest, found = taken, true
		}
	}
	return newest, found
}

func (s Schedule) once(ctx context.Context) error {
	begun := time.Now()
	file, err := os.OpenFile(filepath.Join(s.Store.Folder, draftRDB), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	manifest, err := s.Source.take(ctx, file)
	if err == nil {
		manifest.FormatVersion = formatVersion
		manifest.Deployment, manifest.Environment = s.Deployment, s.Environment
		manifest.TakenAt = begun.UTC().Truncate(time.Millisecond)
		err = s.Store.write(manifest, file)
	}
	err = errors.Join(err, file.Close(), s.Store.clean())
	if err != nil {
		return err
	}
	removed, err := s.Store.prune(s.Keep, time.Now())
	s.Taken(manifest, time.Since(begun), removed)
	return err
}

// Check says whether backups are as they should be: the newest is younger than twice the time between two.
func (s Store) Check(every time.Duration, now time.Time) (string, error) {
	times, err := s.times()
	if err != nil {
		return "", err
	}
	newest, found := newestOf(times, now)
	if !found {
		return "", errors.New("there is no backup yet")
	}
	text := fmt.Sprintf("the newest of %d backups was taken at %s", len(times), newest.Format(time.RFC3339))
	if now.Sub(newest) > 2*every {
		return "", fmt.Errorf("%s; one is due every %s", text, every)
	}
	return text, nil
}
