package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// While passwords change, containers are replaced one by one, and those with the old password and those with the new one have to accept each other.

// Passwords are what the users of this server are let in with: by user, SHA-256 in hex.
type Passwords map[string][]string

// PasswordChange is what `redis-node passwords` reads.
type PasswordChange struct {
	// Admin may change the others. The first of its passwords that the server takes is used.
	Admin struct {
		Username  string   `json:"username"`
		Passwords []string `json:"passwords"`
	} `json:"admin"`
	// Users have exactly these passwords then. Those that are not named keep theirs.
	Users Passwords `json:"users"`
}

const (
	passwordsFile   = "passwords.json" // beside the data: a restart, or a new container, accepts the same
	passwordsWithin = 10 * time.Second
	nodeACL         = "users.acl"
	sentinelACL     = "sentinel-users.acl"
)

var (
	passwordHash = regexp.MustCompile(`^[0-9a-f]{64}$`)
	aclUser      = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)
)

// ChangePasswords gives the users of this container's server other passwords, without a restart and without ending a connection. Those of a user
// that has several now are kept beside the data until each has one again.
func ChangePasswords(env Environment, kind string, in io.Reader) error {
	topology, err := LoadTopology(env, kind+".json")
	if err != nil {
		return err
	}
	var change PasswordChange
	// Its text may hold passwords, so no error repeats it.
	if json.NewDecoder(in).Decode(&change) != nil || len(change.Admin.Passwords) == 0 || change.Users.problem() != nil {
		return errors.New("standard input is not a change of passwords: see PasswordChange in passwords.go")
	}
	// First for the next start: whatever happens to this one, nobody is locked out.
	if err := change.Users.save(env.DataDir); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), passwordsWithin)
	defer cancel()
	endpoint := net.JoinHostPort(env.Local(), strconv.Itoa(topology.Port))
	var refused error
	for _, password := range change.Admin.Passwords {
		client := newClient(endpoint, Login{change.Admin.Username, password})
		err := change.Users.apply(ctx, client)
		client.Close()
		if err == nil || !isRefusal(err) {
			return err
		}
		refused = err
	}
	return refused
}

// isRefusal says whether the server did not take the password.
func isRefusal(err error) bool {
	return strings.HasPrefix(err.Error(), "WRONGPASS") || strings.HasPrefix(err.Error(), "NOAUTH")
}

func (p Passwords) apply(ctx context.Context, client *redis.Client) error {
	present, err := client.Do(ctx, "ACL", "USERS").StringSlice()
	if err != nil {
		return err
	}
	for _, user := range p.users() {
		if !contains(present, user) {
			continue // of a newer version than this container
		}
		command := []any{"ACL", "SETUSER", user, "resetpass"}
		for _, hash := range p[user] {
			command = append(command, "#"+hash)
		}
		if err := client.Do(ctx, command...).Err(); err != nil {
			return fmt.Errorf("ACL SETUSER %s: %w", user, err)
		}
	}
	return nil
}

func (p Passwords) users() []string {
	var names []string
	for name := range p {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (p Passwords) problem() error {
	for user, hashes := range p {
		if !aclUser.MatchString(user) || len(hashes) == 0 {
			return fmt.Errorf("user %q has %d passwords", user, len(hashes))
		}
		for _, hash := range hashes {
			if !passwordHash.MatchString(hash) {
				return fmt.Errorf("a password of user %q is no SHA-256 in hex", user)
			}
		}
	}
	return nil
}

// save remembers who has several passwords; nothing where nobody has.
func (p Passwords) save(dir string) error {
	several := Passwords{}
	for user, hashes := range p {
		if len(hashes) > 1 {
			several[user] = hashes
		}
	}
	path := filepath.Join(dir, passwordsFile)
	if len(several) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := json.Marshal(several)
	if err != nil {
		return err
	}
	return writeFile(path, string(text)+"\n")
}

// loadPasswords reads what save has left; none is no error.
func loadPasswords(dir string) (Passwords, error) {
	path := filepath.Join(dir, passwordsFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var passwords Passwords
	if err := json.Unmarshal(text, &passwords); err != nil {
		return nil, fmt.Errorf("%s cannot be read (%w). To fix: remove the file; only the declared passwords are accepted then", path, err)
	}
	if err := passwords.problem(); err != nil {
		return nil, fmt.Errorf("%s: %w. To fix: remove the file; only the declared passwords are accepted then", path, err)
	}
	return passwords, nil
}

// PrepareUsers writes the ACL file of this start, the declared one with the passwords that are accepted besides, and returns the line
// that names it to the server. Without a declared file it returns nothing.
func PrepareUsers(env Environment, declared string) (line string, err error) {
	text, err := os.ReadFile(filepath.Join(env.ConfigDir, declared))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	besides, err := loadPasswords(env.DataDir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(env.RunDir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(env.RunDir, declared)
	return "aclfile " + path + "\n", writeFile(path, besides.addTo(string(text)))
}

// addTo appends passwords to the users' lines; a repeated one does no harm.
func (p Passwords) addTo(acl string) string {
	lines := strings.Split(acl, "\n")
	for i, line := range lines {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "user" {
			continue
		}
		for _, hash := range p[words[1]] {
			lines[i] += " #" + hash
		}
	}
	return strings.Join(lines, "\n")
}
