package backup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// storeWith holds backups of the given ages, in minutes.
func storeWith(t *testing.T, ages ...int) Store {
	t.Helper()
	store := Store{t.TempDir()}
	for _, age := range ages {
		rdb := draft(t)
		if _, err := rdb.WriteString("REDIS"); err != nil {
			t.Fatal(err)
		}
		taken := noon.Add(-time.Duration(age) * time.Minute)
		if err := store.write(Manifest{FormatVersion: formatVersion, TakenAt: taken, RDB: RDB{Bytes: 5}}, rdb); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

func names(t *testing.T, store Store) []string {
	t.Helper()
	entries, err := os.ReadDir(store.Folder)
	if err != nil {
		t.Fatal(err)
	}
	found := []string{}
	for _, entry := range entries {
		found = append(found, strings.TrimSuffix(entry.Name(), suffix)[11:16])
	}
	return found
}

func TestBackupsAreKeptByCountAndAge(t *testing.T) {
	for name, c := range map[string]struct {
		ages []int
		keep Keep
		want []string
	}{
		"none":                      {nil, Keep{1, 60}, []string{}},
		"fewer than the count":      {[]int{2, 1}, Keep{3, 3600}, []string{"11-58", "11-59"}},
		"as many as the count":      {[]int{3, 2, 1}, Keep{3, 3600}, []string{"11-57", "11-58", "11-59"}},
		"more than the count":       {[]int{3, 2, 1}, Keep{2, 3600}, []string{"11-58", "11-59"}},
		"as old as is allowed":      {[]int{10, 1}, Keep{9, 600}, []string{"11-50", "11-59"}},
		"older than is allowed":     {[]int{11, 1}, Keep{9, 600}, []string{"11-59"}},
		"all too old but one stays": {[]int{30, 20}, Keep{9, 600}, []string{"11-40"}},
		"dated into the future":     {[]int{1, -5}, Keep{9, 600}, []string{"11-59", "12-05"}},
	} {
		t.Run(name, func(t *testing.T) {
			store := storeWith(t, c.ages...)
			removed, err := store.prune(c.keep, noon)
			if got := names(t, store); err != nil || !reflect.DeepEqual(got, c.want) || len(removed) != len(c.ages)-len(c.want) {
				t.Errorf("kept %v, removed %v, %v; want %v", got, removed, err, c.want)
			}
		})
	}
}

func TestPruningLeavesOtherFilesAlone(t *testing.T) {
	store := storeWith(t, 30, 20)
	if err := os.WriteFile(filepath.Join(store.Folder, "2026-01-02 of somebody.tar"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.prune(Keep{1, 1}, noon); err != nil {
		t.Fatal(err)
	}
	if got := names(t, store); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

func TestTheNextBackupIsDue(t *testing.T) {
	at := func(minutes ...int) (times []time.Time) {
		for _, m := range minutes {
			times = append(times, noon.Add(time.Duration(m)*time.Minute))
		}
		return times
	}
	for name, c := range map[string]struct {
		times []time.Time
		want  time.Duration
	}{
		"at once without any":       {nil, 0},
		"an hour after the newest":  {at(-90, -20), 40 * time.Minute},
		"now":                       {at(-60), 0},
		"since long":                {at(-600), -9 * time.Hour},
		"whatever is in the future": {at(-20, 30), 40 * time.Minute},
		"if all are in the future":  {at(30), 0},
	} {
		if got := until(c.times, time.Hour, noon); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestAListNamesWhatEachBackupSays(t *testing.T) {
	kept, err := storeWith(t, 2, 1).List()
	if err != nil || len(kept) != 2 || kept[1].Name != "2026-01-02T11-59-00Z.tar" || kept[1].Manifest.RDB.Bytes != 5 {
		t.Errorf("%+v, %v", kept, err)
	}
	if empty, err := (Store{t.TempDir()}).List(); err != nil || empty == nil || len(empty) != 0 {
		t.Errorf("%+v, %v", empty, err)
	}
}

func TestHealthIsTheNewestBackup(t *testing.T) {
	for _, c := range []struct {
		ages []int
		well bool
	}{{nil, false}, {[]int{120}, true}, {[]int{500, 121}, false}, {[]int{121, -3}, false}} {
		if text, err := storeWith(t, c.ages...).Check(time.Hour, noon); (err == nil) != c.well {
			t.Errorf("%v: %q, %v", c.ages, text, err)
		}
	}
}

func TestAScheduleTakesAndKeeps(t *testing.T) {
	port := freePort(t)
	redisAt(t, port, 0)
	store := storeWith(t)
	left := filepath.Join(store.Folder, draftRDB)
	if err := os.WriteFile(left, []byte("of one that was killed"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var taken atomic.Int32
	ended := make(chan error)
	go func() {
		ended <- Schedule{
			Source: source(port), Store: store, Every: time.Second, Keep: Keep{2, 3600}, Deployment: "dev_x", Environment: "dev",
			Taken:  func(Manifest, time.Duration, []string) { taken.Add(1) },
			Failed: func(err error) { t.Error(err) },
		}.Run(ctx)
	}()
	eventually(t, func() error {
		if taken.Load() < 4 {
			return errors.New("fewer than 4 were taken")
		}
		return nil
	})
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	kept, err := store.List()
	if err != nil || len(kept) != 2 || kept[0].Manifest.Deployment != "dev_x" || kept[0].Manifest.FormatVersion != formatVersion {
		t.Errorf("%+v, %v", kept, err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Error("the draft is still there")
	}
}

func TestAScheduleThatFailsLeavesNothingAndWaitsLonger(t *testing.T) {
	store := storeWith(t)
	ctx, cancel := context.WithTimeout(context.Background(), 3500*time.Millisecond)
	defer cancel()
	var failed atomic.Int32
	err := Schedule{
		Source: source(freePort(t)), Store: store, Every: time.Second, Keep: Keep{2, 3600},
		Taken:  func(Manifest, time.Duration, []string) { t.Error("taken") },
		Failed: func(error) { failed.Add(1) },
	}.Run(ctx)
	if got := names(t, store); err != nil || len(got) != 0 || failed.Load() < 2 || failed.Load() > 4 {
		t.Errorf("%v, %v, failed %d times", got, err, failed.Load())
	}
}
