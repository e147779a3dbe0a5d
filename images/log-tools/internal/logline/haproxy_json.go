package logline

import "bytes"

// haproxyMark is in every line of JSON that HAProxy logs, and in nobody else's.
const haproxyMark = "haproxy-termination_state"

// readHAProxyJSON gives a request or connection of HAProxy its names, level and message. HAProxy allows no dots in names, and writes an empty
// text for what it does not know. The message is made here: HAProxy would have to escape a path twice, in buffers that are too small for a long one.
func (r *record) readHAProxyJSON(o *object) bool {
	if o.find(haproxyMark) < 0 {
		return false
	}
	kept := o.fields[:0]
	for _, f := range o.fields {
		if string(f.value) != `""` {
			kept = append(kept, field{bytes.ReplaceAll(f.name, []byte("-"), []byte(".")), f.value})
		}
	}
	o.fields = kept
	text := func(name string) string {
		if at := o.find(name); at >= 0 {
			return string(plain(o.fields[at].value))
		}
		return ""
	}
	status, path := text("http.response.status_code"), text("url.path")
	r.level = "warn"
	switch {
	case status == "":
		r.text = []byte("a connection of " + text("backend.name") + " to " + text("server.name") + " ended: " + text("haproxy.termination_state"))
		return true
	case path == "":
		r.text = []byte("a request that could not be read: " + status)
	default:
		r.text = []byte(text("http.request.method") + " " + path + " " + status)
	}
	if status[0] != '5' {
		r.level = "info"
	}
	return true
}
