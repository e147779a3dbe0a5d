package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// batch is what Elasticsearch's answer to `_bulk` says.
type batch struct {
	// later is why some line could not be stored now; empty where each is settled.
	later string
	// full: the store has as many indices as it may.
	full    bool
	refused []result
	// stored is the answer as if each line had been stored now; patient is the answer with 429 for those that were refused as the store was full.
	stored, patient []byte
}

// result of one line.
type result struct {
	ID     string `json:"_id"`
	Status int    `json:"status"`
	Error  struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
		Cause  struct {
			Reason string `json:"reason"`
		} `json:"caused_by"`
	} `json:"error"`
}

func (r result) reason() string {
	return strings.TrimSpace(strings.Join([]string{r.Error.Type, r.Error.Reason, r.Error.Cause.Reason}, " "))
}

// isFull: Elasticsearch 9 calls it a validation_exception, with status 400.
func (r result) isFull() bool {
	return r.Status == http.StatusBadRequest && strings.Contains(r.Error.Reason, "maximum normal shards open")
}

// judgeBatch tells what was stored now (2xx) or before (409), what can never be (400), and what may be later.
func judgeBatch(body []byte) (batch, error) {
	// Nearly always true, and then the rest need not be read.
	if bytes.HasPrefix(body, []byte(`{"errors":false`)) {
		return batch{stored: body}, nil
	}
	var reply struct {
		Items []map[string]json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return batch{}, err
	}
	if reply.Items == nil {
		return batch{}, errors.New("an answer without items")
	}
	var judged batch
	stored := make([]map[string]any, 0, len(reply.Items))
	for _, item := range reply.Items {
		for action, text := range item {
			var one result
			if err := json.Unmarshal(text, &one); err != nil {
				return batch{}, err
			}
			switch {
			case one.isFull():
				judged.full = true
				judged.later = one.reason()
				item[action] = withStatus(text, http.StatusTooManyRequests)
			case one.Status < 300, one.Status == http.StatusConflict:
			case one.Status == http.StatusBadRequest:
				judged.refused = append(judged.refused, one)
			default:
				judged.later = fmt.Sprintf("%d %s", one.Status, one.reason())
			}
			stored = append(stored, map[string]any{action: map[string]any{"_id": one.ID, "status": http.StatusCreated}})
		}
	}
	judged.stored = encode(map[string]any{"errors": false, "took": 0, "items": stored})
	judged.patient = encode(map[string]any{"errors": true, "took": 0, "items": reply.Items})
	return judged, nil
}

func withStatus(text json.RawMessage, status int) json.RawMessage {
	var fields map[string]any
	if json.Unmarshal(text, &fields) != nil {
		return text // it was read before
	}
	fields["status"] = status
	return encode(fields)
}

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // made of JSON
	}
	return text
}
