package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A node that remembers what it was asked, and lists the given indices.
func startNode(t *testing.T, indices string) (url string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		*asked = append(*asked, fmt.Sprintf("%s:%s %s %s %s", user, password, r.Method, r.URL.Path, body))
		if strings.HasPrefix(r.URL.Path, "/_cat/indices") {
			fmt.Fprint(w, indices)
		}
	}))
	t.Cleanup(node.Close)
	return node.URL, asked
}

func testConfig(t *testing.T) Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keeper")
	if err := os.WriteFile(file, []byte("geheim\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Config{
		Users:     []User{{Name: "keeper", Roles: []string{"keeper"}, PasswordFile: file}},
		Keeper:    "keeper",
		Index:     "lines",
		Requests:  []Request{{Path: "/_index_template/lines", Body: json.RawMessage(`{"a":1}`)}},
		Retention: Retention{MaxAgeSeconds: 86400, MaxBytes: 1000},
	}
}

func TestTheNodeIsMadeWhatItShouldBe(t *testing.T) {
	url, asked := startNode(t, "[]")
	if err := NewKeeper(testConfig(t), url).Apply(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := []string{"keeper:geheim GET /_cluster/health ", `keeper:geheim PUT /_index_template/lines {"a":1}`}
	if !slices.Equal(*asked, want) {
		t.Errorf("asked %q", *asked)
	}
}

func TestOnlyOwnIndicesAreDeleted(t *testing.T) {
	url, asked := startNode(t, `[
		{"index":"lines-2026.11.22","store.size":"10"}, {"index":"lines-2020.01.01","store.size":"10"},
		{"index":"lines-archive","store.size":"5000"}, {"index":"lines-2026.11.21","store.size":null}]`)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	if err := NewKeeper(testConfig(t), url).deleteExpired(context.Background(), now); err != nil {
		t.Fatal(err)
	}
	if want := "keeper:geheim DELETE /lines-2020.01.01 "; len(*asked) != 2 || (*asked)[1] != want {
		t.Errorf("asked %q", *asked)
	}
}

func TestANodeThatRefusesIsAnErrorWithItsReason(t *testing.T) {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no such right", http.StatusForbidden)
	}))
	defer node.Close()
	err := NewKeeper(testConfig(t), node.URL).Apply(context.Background())
	if err == nil || !strings.Contains(err.Error(), "no such right") {
		t.Errorf("got %v", err)
	}
}

func TestTheFolderHasTheSettingsAndUsersWithHashedPasswords(t *testing.T) {
	config := testConfig(t)
	config.Users = append(config.Users, User{Name: "reader", Roles: []string{"reader", "keeper"}, PasswordFile: config.Users[0].PasswordFile})
	config.Settings = t.TempDir()
	if err := os.WriteFile(filepath.Join(config.Settings, "elasticsearch.yml"), []byte("a: b\n"), 0o444); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "conf")
	for range 2 { // a restart finds the folder there
		if err := PrepareFolder(config, folder); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if got := read("elasticsearch.yml"); got != "a: b\n" {
		t.Errorf("elasticsearch.yml: %q", got)
	}
	if got := read("users_roles"); got != "keeper:keeper,reader\nreader:reader\n" {
		t.Errorf("users_roles: %q", got)
	}
	users := read("users")
	if strings.Contains(users, "geheim") || strings.Count(users, "{SSHA256}") != 2 {
		t.Errorf("users: %q", users)
	}
}

func TestAHashIsSaltedAnew(t *testing.T) {
	if hash("a") == hash("a") {
		t.Error("two hashes of one password are equal")
	}
}
