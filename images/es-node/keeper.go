package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How often retention is looked after: at least, and at most.
const (
	keepInterval  = time.Minute
	leastInterval = 5 * time.Second
)

// deletedTogether keeps a request's head below the 4 KiB that Elasticsearch takes.
const deletedTogether = 20

// Keeper makes the node what it should be and keeps it within its bounds.
type Keeper struct {
	config Config
	url    string
	client http.Client
}

// NewKeeper talks to the node at a URL.
func NewKeeper(config Config, url string) *Keeper {
	return &Keeper{config: config, url: url, client: http.Client{Timeout: 30 * time.Second}}
}

// Apply waits for nothing: it fails while the node is starting.
func (k *Keeper) Apply(ctx context.Context) error {
	if _, err := k.call(ctx, http.MethodGet, "/_cluster/health?wait_for_status=yellow&timeout=1s", nil); err != nil {
		return err
	}
	for _, request := range k.config.Requests {
		if _, err := k.call(ctx, http.MethodPut, request.Path, request.Body); err != nil {
			return err
		}
	}
	return nil
}

// Keep deletes what retention no longer allows, until ctx ends: once a minute, and soon after the store refused a line, as it may be full.
func (k *Keeper) Keep(ctx context.Context, refused <-chan struct{}) {
	for {
		if err := k.deleteExpired(ctx, time.Now()); err != nil && ctx.Err() == nil {
			slog.Warn("retention could not be looked after", "error.message", err.Error())
		}
		if !sleep(ctx, leastInterval) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-refused:
		case <-time.After(keepInterval - leastInterval):
		}
	}
}

func (k *Keeper) deleteExpired(ctx context.Context, now time.Time) error {
	indices, err := k.indices(ctx)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(Expired(indices, now, k.config.Retention), deletedTogether) {
		var names []string
		for _, index := range some {
			names = append(names, index.Name)
		}
		if _, err := k.call(ctx, http.MethodDelete, "/"+strings.Join(names, ","), nil); err != nil {
			return err
		}
		for _, index := range some {
			slog.Info("deleted an index", "event.action", "retention", "elasticsearch.index.name", index.Name, "reason", index.Reason)
		}
	}
	return nil
}

// indices lists the log indices; others that match the pattern are not ours to delete.
func (k *Keeper) indices(ctx context.Context) ([]Index, error) {
	text, err := k.call(ctx, http.MethodGet, "/_cat/indices/"+k.config.Index+"-*?format=json&bytes=b&h=index,store.size", nil)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Name string `json:"index"`
		Size string `json:"store.size"`
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, err
	}
	indices := []Index{}
	for _, row := range rows {
		day, err := time.Parse("2006.01.02", strings.TrimPrefix(row.Name, k.config.Index+"-"))
		if err != nil {
			continue
		}
		size, err := strconv.ParseInt(row.Size, 10, 64)
		if err != nil {
			size = 0 // not known yet, just made
		}
		indices = append(indices, Index{Name: row.Name, Day: day, Bytes: size})
	}
	return indices, nil
}

func (k *Keeper) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, k.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	password, err := k.config.Password(k.config.Keeper)
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth(k.config.Keeper, password)
	request.Header.Set("Content-Type", "application/json")
	answer, err := k.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %.300s", method, path, answer.Status, text)
	}
	return text, err
}
