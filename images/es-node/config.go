package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Config is es-node.json.
type Config struct {
	// Folder with elasticsearch.yml, jvm.options, log4j2.properties and roles.yml.
	Settings string `json:"settings"`
	Users    []User `json:"users"`
	// Keeper is the name of the user that es-node itself is.
	Keeper string `json:"keeper"`
	// Index is what the names of all indices begin with; `-2026.11.22` follows.
	Index string `json:"index"`
	// Impatient is the user who gives a batch up when it is answered with an error; none where it is empty.
	Impatient string    `json:"impatient"`
	Requests  []Request `json:"requests"`
	Retention Retention `json:"retention"`
}

// User of the file realm.
type User struct {
	Name         string   `json:"name"`
	Roles        []string `json:"roles"`
	PasswordFile string   `json:"passwordFile"`
}

// Request is a PUT that makes the node what it should be; sent at each start, so it must be one that can be repeated.
type Request struct {
	Path string          `json:"path"`
	Body json.RawMessage `json:"body"`
}

// Retention bounds what is kept; the older goes first.
type Retention struct {
	MaxAgeSeconds int64 `json:"maxAgeSeconds"`
	MaxBytes      int64 `json:"maxBytes"`
}

// MaxAge as a duration.
func (r Retention) MaxAge() time.Duration { return time.Duration(r.MaxAgeSeconds) * time.Second }

// LoadConfig reads es-node.json.
func LoadConfig(path string) (Config, error) {
	var config Config
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &config)
	}
	if err != nil {
		return config, fmt.Errorf("%s: %w", path, err)
	}
	return config, nil
}

// Password of a user.
func (c Config) Password(name string) (string, error) {
	for _, user := range c.Users {
		if user.Name == name {
			text, err := os.ReadFile(user.PasswordFile)
			return strings.TrimSpace(string(text)), err
		}
	}
	return "", fmt.Errorf("es-node.json has no user %q", name)
}

// PrepareFolder makes the folder that Elasticsearch is configured from: the settings, and the users with hashed passwords. It must be
// writable, as Elasticsearch puts its keystore there.
func PrepareFolder(config Config, folder string) error {
	if folder == "" {
		return fmt.Errorf("ES_PATH_CONF is not set")
	}
	if err := os.MkdirAll(filepath.Join(folder, "jvm.options.d"), 0o700); err != nil {
		return err
	}
	files, err := os.ReadDir(config.Settings)
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(config.Settings, file.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, file.Name()), text, 0o600); err != nil {
			return err
		}
	}
	users, roles, err := RenderUsers(config)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "users"), []byte(users), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "users_roles"), []byte(roles), 0o600)
}
