package logline

// fixedNames begin every line; log-run alone says what they are.
var fixedNames = [][]byte{
	[]byte("@timestamp"), []byte("event.id"), []byte("service.name"), []byte("service.instance"), []byte("log.level"), []byte("message"),
}

// aliases are what other loggers call a field of the Elastic Common Schema. They count where the field itself is absent; of two for the
// same field, the first. Those below are plain values under the name of an object, which cannot both be fields.
var aliases = []struct{ name, field string }{
	{"time", "@timestamp"}, {"ts", "@timestamp"}, {"timestamp", "@timestamp"},
	{"level", "log.level"}, {"severity", "log.level"},
	{"msg", "message"},
	{"error", "error.message"}, {"err", "error.message"},

	{"event", "event.action"}, {"log", "log.logger"}, {"service", "service.type"},
	{"host", "host.name"}, {"process", "process.name"}, {"url", "url.original"}, {"user", "user.name"},
}

// rename applies the aliases.
func (o *object) rename() {
	for _, alias := range aliases {
		at := o.find(alias.name)
		if at < 0 || o.fields[at].value[0] == '[' || o.find(alias.field) >= 0 {
			continue
		}
		if alias.field == "@timestamp" {
			if _, ok := parseTime(o.fields[at].value); !ok {
				continue
			}
		}
		o.fields[at].name = []byte(alias.field)
	}
}
