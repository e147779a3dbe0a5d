package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// HasData says whether a Redis data directory holds (or may hold) keys. Files alone prove nothing: a node that never had a
// key has an append-only file with an empty snapshot as its base.
// It looks at dump.rdb and appendonlydir/, redis.conf's default names, and at every *.rdb and *.aof so that other names work too.
func HasData(dir string) (bool, error) {
	found := false
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // a temporary file that went away
		}
		if err == nil && entry.IsDir() && entry.Name() == asideDir {
			return filepath.SkipDir
		}
		if err != nil || entry.IsDir() || found || strings.HasPrefix(entry.Name(), "temp-") {
			return err
		}
		switch filepath.Ext(path) {
		case ".rdb":
			empty, err := isEmptySnapshot(path)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			found = !empty
		case ".aof":
			status, err := entry.Info()
			if err != nil {
				return err
			}
			found = status.Size() > 0
		}
		return nil
	})
	return found, err
}

// stagedFolder is where `npm run restore` puts a snapshot before it takes the place of the data (cli/backup/data-volume.ts).
const stagedFolder = "temp-restore"

// RemoveStaged removes what a restore that was interrupted has left. Only a node that has its data and serves may do so: one that cannot
// start is what a restore may be for.
func RemoveStaged(dir string) error {
	return os.RemoveAll(filepath.Join(dir, stagedFolder))
}

// Opcodes of an RDB file (redis: src/rdb.h).
const (
	rdbAuxiliary = 0xFA
	rdbEnd       = 0xFF
)

// isEmptySnapshot reads an RDB file's header: after the auxiliary fields, a snapshot without keys ends.
// Whatever it does not understand counts as data.
func isEmptySnapshot(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	reader := bufio.NewReader(file)
	magic := make([]byte, 9) // REDIS0012
	if _, err := io.ReadFull(reader, magic); errors.Is(err, io.EOF) {
		return true, nil // no byte at all
	} else if err != nil || string(magic[:5]) != "REDIS" {
		return false, nil
	}
	for {
		opcode, err := reader.ReadByte()
		switch {
		case err != nil:
			return false, nil
		case opcode == rdbEnd:
			return true, nil
		case opcode != rdbAuxiliary:
			return false, nil
		}
		if skipString(reader) != nil || skipString(reader) != nil { // name and value
			return false, nil
		}
	}
}

// skipString skips one length-prefixed RDB string: 6, 14 or 32 bits of length, or an 8, 16 or 32 bit integer.
func skipString(reader *bufio.Reader) error {
	first, err := reader.ReadByte()
	if err != nil {
		return err
	}
	length := int64(first & 0x3F)
	switch first >> 6 {
	case 1:
		low, err := reader.ReadByte()
		if err != nil {
			return err
		}
		length = length<<8 | int64(low)
	case 2:
		var bits [4]byte
		if first != 0x80 {
			return fmt.Errorf("length encoding %#x", first)
		}
		if _, err := io.ReadFull(reader, bits[:]); err != nil {
			return err
		}
		length = int64(binary.BigEndian.Uint32(bits[:]))
	case 3:
		if length > 2 {
			return fmt.Errorf("string encoding %#x", first)
		}
		length = 1 << length
	}
	_, err = io.CopyN(io.Discard, reader, length)
	return err
}
