package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Damage is why Redis cannot start from its files, or would start without what they held. None: What is empty.
type Damage struct {
	What string
	Fix  string // what an operator can do with the files themselves, as the rest of a sentence; empty: nothing
}

// Redis' default names (redis.conf: appenddirname, appendfilename, dbfilename).
const (
	appendDir    = "appendonlydir"
	manifestFile = "appendonly.aof.manifest"
	snapshotFile = "dump.rdb"
)

// Files is what Redis would find at a start.
type Files struct {
	HasData bool
	Damage  Damage
	// SnapshotOnly: the append-only file has just been declared, and the keys are in a snapshot, at which Redis would not look.
	SnapshotOnly bool
}

// ExamineFiles looks for data, and for the damage that redis-server does not refuse: without a manifest, or with an empty file, it starts
// without the keys, and as a master makes its replicas drop them too. What redis-server does refuse is for RefusalIn.
// appendOnly: what is declared; last: what was when this node last ran.
func ExamineFiles(dir string, appendOnly bool, last Record) (Files, error) {
	if damage := unreadable(dir); damage.What != "" {
		return Files{HasData: true, Damage: damage}, nil
	}
	hasData, err := HasData(dir)
	if err != nil || !appendOnly || !hasData {
		return Files{HasData: hasData}, err
	}
	text, err := os.ReadFile(filepath.Join(dir, appendDir, manifestFile))
	if err == nil {
		return Files{HasData: true, Damage: emptied(filepath.Join(dir, appendDir), string(text), last.Filled)}, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return Files{}, err
	}
	found, err := HasData(filepath.Join(dir, appendDir))
	switch {
	case err != nil:
		return Files{}, err
	case found:
		return Files{HasData: true, Damage: Damage{What: fmt.Sprintf("%s is missing, which lists the append-only files beside it", filepath.Join(appendDir, manifestFile))}}, nil
	case last.AppendOnly:
		return Files{HasData: true, Damage: Damage{What: fmt.Sprintf("the append-only files are missing (%s), and the snapshot %s is older", appendDir, snapshotFile)}}, nil
	}
	return Files{HasData: true, SnapshotOnly: true}, nil
}

// unreadable names a file that this process may not read.
func unreadable(dir string) (damage Damage) {
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == asideDir {
			return filepath.SkipDir
		}
		if err == nil && entry.Type().IsRegular() {
			var file *os.File
			if file, err = os.Open(path); err == nil {
				file.Close()
			}
		}
		if errors.Is(err, fs.ErrPermission) {
			damage = Damage{
				What: fmt.Sprintf("%s cannot be read: %s, and this node runs as user %d", inside(dir, path), ownership(path), os.Getuid()),
				Fix:  giveBack(dir),
			}
			return filepath.SkipAll
		}
		return nil // what vanishes is no damage, and other errors are Redis' to name
	})
	return damage
}

// giveBack is how an operator makes the files this process's own; the container itself has no right to.
func giveBack(dir string) string {
	return fmt.Sprintf("give the files back to user %d: `docker run --rm --user 0 --entrypoint chown --volumes-from <this container> <image> -R %d:%d %s`",
		os.Getuid(), os.Getuid(), os.Getgid(), dir)
}

func ownership(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	text := "its mode is " + info.Mode().String()
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		text = fmt.Sprintf("it belongs to user %d, %s", stat.Uid, text)
	}
	return text
}

func inside(dir, path string) string {
	if relative, err := filepath.Rel(dir, path); err == nil {
		return relative
	}
	return path
}

// listed is a line of the manifest: file NAME seq N type b|i|h, and more; b is the base, i what came after it.
var listed = regexp.MustCompile(`(?m)^file (\S+) seq \d+ type ([bi])`)

// emptied finds a file that held something when Redis last ran, and has no byte now. An empty base that is a snapshot never exists; of
// increments the record tells. The offsets that Redis writes behind some of them do not: they move with each PING and PUBLISH too, of which
// nothing is in the file.
func emptied(dir, manifest string, filled []string) Damage {
	for _, line := range listed.FindAllStringSubmatch(manifest, -1) {
		name, kind := line[1], line[2]
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Size() > 0 {
			continue
		}
		if kind == "b" && filepath.Ext(name) == ".rdb" || slices.Contains(filled, name) {
			return Damage{What: fmt.Sprintf("%s is empty, though it held data when Redis last ran", filepath.Join(appendDir, name))}
		}
	}
	return Damage{}
}

// filledFiles are the append-only files that hold something now, by name, in order. Redis uses no name twice.
func filledFiles(dir string) []string {
	var filled []string
	entries, _ := os.ReadDir(filepath.Join(dir, appendDir)) // without an append-only file there is no such folder
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Size() > 0 && filepath.Ext(entry.Name()) == ".aof" {
			filled = append(filled, entry.Name())
		}
	}
	return filled
}

// refusals are the ways in which redis-server 8 says that it does not start from its files (redis: src/aof.c, src/rdb.c), each tried.
var refusals = []struct {
	words  *regexp.Regexp
	cutOff bool // redis-check-aof can cut the file off at the damage
}{
	{regexp.MustCompile(`Bad file format reading the append only file`), true},
	{regexp.MustCompile(`Unknown command .* reading the append only file`), false}, // to redis-check-aof it looks well
	{regexp.MustCompile(`Unexpected end of file reading the append only file`), true},
	{regexp.MustCompile(`Unrecoverable error reading the append only file`), false},
	{regexp.MustCompile(`Invalid AOF manifest file format|Found an empty AOF manifest|Unknown AOF file type|Found duplicate base file|AOF manifest file line`), false},
	{regexp.MustCompile(`Unable to obtain the AOF file`), false},
	{regexp.MustCompile(`The AOF file .* is corrupted|Error reading the RDB preamble|Can't open the append.only file|Fatal error: can't open the append log file`), false},
	{regexp.MustCompile(`AOF MANIFEST FILE ERROR`), false},
	{regexp.MustCompile(`Wrong RDB checksum|Short read or OOM loading DB|Wrong signature trying to load DB|Internal error in RDB reading|Fatal error loading the DB`), false},
}

// RefusalIn finds in redis-server's last lines that it did not start from its files, and why.
func RefusalIn(dir string, lines []string) Damage {
	for _, refusal := range refusals {
		for _, line := range lines {
			if !refusal.words.MatchString(line) {
				continue
			}
			damage := Damage{What: "Redis does not start from its files: " + message(line)}
			if refusal.cutOff {
				damage.Fix = "cut the file off at the damage, which loses what was written after it: `docker exec -it <this container> redis-check-aof --fix " +
					filepath.Join(dir, appendDir, manifestFile) + "`"
			}
			return damage
		}
	}
	return Damage{}
}

// CrashIn: redis-server does not check everything that it loads, and a damaged snapshot may crash it.
func CrashIn(status syscall.WaitStatus) Damage {
	if !status.Signaled() {
		return Damage{}
	}
	switch status.Signal() {
	case syscall.SIGSEGV, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL:
		return Damage{What: "Redis crashes while it loads its files: " + describeStatus(status)}
	}
	return Damage{}
}

// message is the text of a line of redis-server's, without process, time and advice: 17:M 28 Nov 2026 09:15:19.197 # Text: advice
func message(line string) string {
	_, text, found := strings.Cut(line, " # ")
	if !found {
		text = line
	}
	text, _, _ = strings.Cut(text, ": make a backup")
	text, _, _ = strings.Cut(text, ". You can:")
	return strings.Trim(text, "*. \r\n")
}

// fingerprint changes whenever a file of Redis' does.
func fingerprint(dir string) string {
	var text strings.Builder
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if entry.IsDir() && entry.Name() == asideDir {
			return filepath.SkipDir
		}
		if strings.HasPrefix(entry.Name(), probePrefix) {
			return nil
		}
		if info, err := entry.Info(); err == nil && !entry.IsDir() {
			stat, _ := info.Sys().(*syscall.Stat_t)
			fmt.Fprintln(&text, path, info.Size(), info.ModTime().Format(time.RFC3339Nano), info.Mode(), stat.Uid)
		}
		return nil
	})
	return text.String()
}
