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
	writeItem(w, http.StatusOK, key, item)
	return nil
}

func (a *API) putItem(w http.ResponseWriter, r *http.Request) error {
	when, err := preconditionOf(r)
	if err != nil {
		return err
	}
	fields, err := a.readObject(w, r, "value", "ttlSeconds")
	if err != nil {
		return err
	}
	value, given := fields["value"]
	if !given {
		return badBody(`the body has no field "value": send {"value": <any JSON>, "ttlSeconds": <whole number, optional>}.`)
	}
	ttlSeconds, err := wholeNumber(fields, "ttlSeconds", 0)
	if err != nil {
		return err
	}
	key := r.PathValue("key")
	item, created, err := a.service.Put(r.Context(), key, value, ttlSeconds, when)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	writeItem(w, status, key, item)
	return nil
}

func (a *API) deleteItem(w http.ResponseWriter, r *http.Request) error {
	when, err := preconditionOf(r)
	if err != nil {
		return err
	}
	if err := a.service.Delete(r.Context(), r.PathValue("key"), when); err != nil {
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
