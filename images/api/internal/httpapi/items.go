package httpapi

import (
	"encoding/json"
	"net/http"
	"time"

	"redis-platform/api/internal/items"
)

type itemBody struct {
	Key     string          `json:"key"`
	Value   json.RawMessage `json:"value"`
	Version int64           `json:"version"`
	// TTLSeconds is rounded up, so it is never 0; null means that the item does not expire.
	TTLSeconds *int64 `json:"ttlSeconds"`
}

func (a *API) getItem(w http.ResponseWriter, r *http.Request) error {
	key := r.PathValue("key")
	item, err := a.service.Get(r.Context(), key)
	if err != nil {
		return err
	}
	fresh, err := notModified(r, item.Version)
	if err != nil {
		return err
	}
	if fresh {
		w.Header().Set("ETag", entityTag(item.Version))
		w.Header().Set("Cache-Control", noStore)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	writeItem(w, http.StatusOK, key, item)
	return nil
}

// putItem takes what getItem gives, too: `key` must then be the path's, and `version` is not looked at (that is If-Match's).
func (a *API) putItem(w http.ResponseWriter, r *http.Request) error {
	when, err := preconditionOf(r)
	if err != nil {
		return err
	}
	fields, err := a.readObject(r, "value", "ttlSeconds", "key", "version")
	if err != nil {
		return err
	}
	key := r.PathValue("key")
	if err := checkEcho(fields, key); err != nil {
		return err
	}
	value, given := fields["value"]
	if !given {
		return badBody(`the body has no field "value": send {"value": <any JSON>, "ttlSeconds": <whole number, optional>}.`)
	}
	if string(fields["ttlSeconds"]) == "null" {
		delete(fields, "ttlSeconds")
	}
	ttlSeconds, err := wholeNumber(fields, "ttlSeconds", 0)
	if err != nil {
		return err
	}
	once, err := idempotencyKeyOf(r)
	if err != nil {
		return err
	}
	result, replayed, err := a.service.Put(r.Context(), key, value, ttlSeconds, when, once)
	tellReplayed(w, replayed)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if result.Created {
		status = http.StatusCreated
	}
	writeItem(w, status, key, result.Item)
	return nil
}

// checkEcho checks the fields that only an answer needs.
func checkEcho(fields map[string]json.RawMessage, key string) error {
	if text, given := fields["key"]; given {
		var own string
		if err := json.Unmarshal(text, &own); err != nil || string(text) == "null" || own != key {
			return badBody(`the field "key" is not the key of the path: leave it out, or send the item to its own path.`)
		}
	}
	_, err := wholeNumber(fields, "version", 0)
	return err
}

func (a *API) deleteItem(w http.ResponseWriter, r *http.Request) error {
	when, err := preconditionOf(r)
	if err != nil {
		return err
	}
	once, err := idempotencyKeyOf(r)
	if err != nil {
		return err
	}
	replayed, err := a.service.Delete(r.Context(), r.PathValue("key"), when, once)
	tellReplayed(w, replayed)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func writeItem(w http.ResponseWriter, status int, key string, item items.Item) {
	body := itemBody{Key: key, Value: item.Value, Version: item.Version}
	if item.TTL > 0 {
		seconds := int64((item.TTL + time.Second - 1) / time.Second)
		body.TTLSeconds = &seconds
	}
	w.Header().Set("ETag", entityTag(item.Version))
	writeJSON(w, status, body)
}
