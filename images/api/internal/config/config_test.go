package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func lookupIn(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, found := env[name]
		return value, found
	}
}

func secretFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o400); err != nil {
		t.Fatal(err)
	}
	return path
}

func minimal() map[string]string {
	return map[string]string{"REDIS_SENTINELS": "10.0.0.1:26379", "REDIS_MASTER_NAME": "main"}
}

func TestDefaults(t *testing.T) {
	loaded, err := Load(lookupIn(minimal()))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		ListenAddresses: []string{"0.0.0.0:8080"}, Sentinels: []string{"10.0.0.1:26379"}, MasterName: "main",
		PoolSize: 20, RequestBudget: 1900 * time.Millisecond, MaxBodyBytes: 65536, MaxKeyLength: 128, DrainTimeout: 10 * time.Second,
	}
	if !reflect.DeepEqual(loaded, want) {
		t.Fatalf("got  %+v\nwant %+v", loaded, want)
	}
}

func TestListsAndSecretFilesAreTrimmed(t *testing.T) {
	env := minimal()
	env["LISTEN_ADDRESS"] = "10.1.2.3:8080, 127.0.0.1:8080"
	env["REDIS_USERNAME"] = "app"
	env["REDIS_PASSWORD_FILE"] = secretFile(t, "s3cret\n")
	env["REDIS_WAIT_REPLICAS"] = "2"
	loaded, err := Load(lookupIn(env))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(loaded.ListenAddresses, []string{"10.1.2.3:8080", "127.0.0.1:8080"}) || loaded.Password != "s3cret" || loaded.Confirmations != 2 {
		t.Fatalf("%+v", loaded)
	}
}

func TestEachBadValueIsRefusedByName(t *testing.T) {
	for _, test := range []struct{ name, value, about string }{
		{"LISTEN_ADDRESS", "8080", "LISTEN_ADDRESS"},
		{"LISTEN_ADDRESS", ":8080", "LISTEN_ADDRESS"},
		{"LISTEN_ADDRESS", "127.0.0.1:70000", "LISTEN_ADDRESS"},
		{"LISTEN_ADDRESS", "127.0.0.1:8080,", "LISTEN_ADDRESS"},
		{"REDIS_SENTINELS", "", "REDIS_SENTINELS"},
		{"REDIS_SENTINELS", "10.0.0.1", "REDIS_SENTINELS"},
		{"REDIS_MASTER_NAME", " ", "REDIS_MASTER_NAME"},
		{"REDIS_POOL_SIZE", "0", "REDIS_POOL_SIZE"},
		{"REDIS_POOL_SIZE", "1.5", "REDIS_POOL_SIZE"},
		{"REDIS_WAIT_REPLICAS", "-1", "REDIS_WAIT_REPLICAS"},
		{"REDIS_WAIT_REPLICAS", "17", "REDIS_WAIT_REPLICAS"},
		{"REDIS_WAIT_REPLICAS", "all", "REDIS_WAIT_REPLICAS"},
		{"REQUEST_BUDGET", "2s", "REQUEST_BUDGET"},
		{"REQUEST_BUDGET", "1500", "REQUEST_BUDGET"},
		{"MAX_BODY_BYTES", "-1", "MAX_BODY_BYTES"},
		{"MAX_KEY_LENGTH", "9999", "MAX_KEY_LENGTH"},
		{"DRAIN_SECONDS", "soon", "DRAIN_SECONDS"},
		{"LOG_LEVEL", "loud", "LOG_LEVEL"},
		{"REDIS_USERNAME", "app", "REDIS_PASSWORD_FILE"},
		{"REDIS_SENTINEL_USERNAME", "app", "REDIS_SENTINEL_PASSWORD_FILE"},
		{"REDIS_PASSWORD_FILE", "/does/not/exist", "REDIS_PASSWORD_FILE"},
		{"REDIS_PASSWORD_FILE", secretFile(t, "\n"), "REDIS_PASSWORD_FILE"},
		{"REDIS_SENTINEL_PASSWORD_FILE", secretFile(t, "one\ntwo"), "REDIS_SENTINEL_PASSWORD_FILE"},
		{"REDIS_PASSWORD", "s3cret", "REDIS_PASSWORD"},
	} {
		env := minimal()
		env[test.name] = test.value
		_, err := Load(lookupIn(env))
		var found *ProblemsError
		if !errors.As(err, &found) || len(found.Problems) != 1 || found.Problems[0].Setting != test.about {
			t.Errorf("%s=%q: %v", test.name, test.value, err)
			continue
		}
		if problem := found.Problems[0]; problem.Got == "" || problem.Allowed == "" || problem.Fix == "" {
			t.Errorf("%s=%q: says too little: %+v", test.name, test.value, problem)
		}
		if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "one") && strings.Contains(err.Error(), "two") {
			t.Errorf("%s: the message repeats a secret: %v", test.name, err)
		}
	}
}

func TestAllProblemsAreListedAtOnce(t *testing.T) {
	_, err := Load(lookupIn(map[string]string{"REDIS_POOL_SIZE": "x", "LOG_LEVEL": "y", "REDIS_USERNAME": "app"}))
	for _, name := range []string{"REDIS_SENTINELS", "REDIS_MASTER_NAME", "REDIS_POOL_SIZE", "LOG_LEVEL", "REDIS_PASSWORD_FILE"} {
		if err == nil || !strings.Contains(err.Error(), "- "+name+" is ") {
			t.Errorf("%s is missing in: %v", name, err)
		}
	}
}
