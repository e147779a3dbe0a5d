package sink

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
)

// mostFiles bounds what a shipper has to watch where a program keeps ending.
const mostFiles = 64

// Segments are the files `<folder>/<instance>-<8 digits>.log`: only ever appended to, never renamed, the oldest deleted. Whoever reads
// them needs a name and an offset.
//
// All together hold no more than `keep` full ones. Counting bytes and not files spares what a program wrote that ended soon, again and
// again: the reason stands in the first ones.
type Segments struct {
	folder   string
	instance string
	limit    int64 // bytes of one
	keep     int   // full ones
	number   int   // of the one that is written
	file     *os.File
	size     int64
	torn     bool // it ends with a piece of a line that could not be cut off
}

// NewSegments opens nothing yet.
func NewSegments(folder, instance string, limit int64, keep int) *Segments {
	return &Segments{folder: folder, instance: instance, limit: limit, keep: keep}
}

// Open begins a new segment after those of earlier runs. It says false where there is no folder to write into, which is
// how the platform runs without a log stack. Other troubles come back with the first Write.
func (s *Segments) Open() bool {
	err := s.next()
	for _, off := range []error{syscall.ENOENT, syscall.ENOTDIR, syscall.EROFS} {
		if errors.Is(err, off) {
			return false
		}
	}
	return true
}

// Write takes complete lines. It counts only lines that are in a file as a whole.
func (s *Segments) Write(lines []byte) (written int, err error) {
	for len(lines) > 0 {
		part := lines[:s.fitting(lines)]
		if s.file == nil || len(part) == 0 {
			if err := s.next(); err != nil {
				return written, err
			}
			continue
		}
		n, err := s.append(part)
		written += n
		if err != nil {
			return written, err
		}
		lines = lines[n:]
	}
	return written, nil
}

// fitting is how many bytes of complete lines this segment still takes. An empty one takes any line.
func (s *Segments) fitting(lines []byte) int {
	room := s.limit - s.size
	if int64(len(lines)) <= room {
		return len(lines)
	}
	if fits := bytes.LastIndexByte(lines[:max(room, 0)], '\n') + 1; fits > 0 || s.size > 0 {
		return fits
	}
	return bytes.IndexByte(lines, '\n') + 1
}

func (s *Segments) append(lines []byte) (int, error) {
	if s.torn {
		if _, err := s.file.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
		s.torn = false
		s.size++
	}
	n, err := s.file.Write(lines)
	whole := bytes.LastIndexByte(lines[:n], '\n') + 1
	s.size += int64(whole)
	if whole < n && s.file.Truncate(s.size) != nil {
		s.size += int64(n - whole)
		s.torn = true
	}
	return whole, err
}

// next deletes the oldest, which makes room on the disk, and begins a new segment.
func (s *Segments) next() error {
	old, err := s.existing()
	if err != nil {
		return err
	}
	number := s.number + 1
	if len(old) > 0 {
		number = max(number, old[len(old)-1].number+1)
	}
	for s.tooMuch(old) {
		if err := os.Remove(s.path(old[0].number)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		old = old[1:]
	}
	file, err := os.OpenFile(s.path(number), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_ = file.Chmod(0o644) // whatever the umask: the shipper is another user
	if s.file != nil {
		_ = s.file.Close()
	}
	s.file, s.size, s.number, s.torn = file, 0, number, false
	return nil
}

type segment struct {
	number int
	size   int64
}

// tooMuch: with another full one there would be more than is kept.
func (s *Segments) tooMuch(old []segment) bool {
	var total int64
	for _, one := range old {
		total += one.size
	}
	return len(old) > 0 && (total > int64(s.keep-1)*s.limit || len(old) >= mostFiles)
}

func (s *Segments) path(number int) string {
	return filepath.Join(s.folder, fmt.Sprintf("%s-%08d.log", s.instance, number))
}

// existing returns this instance's segments in order.
func (s *Segments) existing() ([]segment, error) {
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return nil, err
	}
	pattern := regexp.MustCompile(`^` + regexp.QuoteMeta(s.instance) + `-([0-9]{8})\.log$`)
	var found []segment
	for _, entry := range entries {
		if match := pattern.FindStringSubmatch(entry.Name()); match != nil {
			number, _ := strconv.Atoi(match[1])
			one := segment{number: number}
			if info, err := entry.Info(); err == nil { // else it is just gone
				one.size = info.Size()
			}
			found = append(found, one)
		}
	}
	slices.SortFunc(found, func(a, b segment) int { return a.number - b.number })
	return found, nil
}
