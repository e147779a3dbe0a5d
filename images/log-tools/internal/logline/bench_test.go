package logline

import "testing"

var benchLines = []struct{ name, line string }{
	{"api", `{"@timestamp":"2026-11-22T17:39:50.262370576Z","log.level":"info","message":"GET /v1/items/user-12345 200","http.request.method":"GET","url.path":"/v1/items/user-12345","http.route":"/v1/items/{key}","http.response.status_code":200,"http.response.body.bytes":93,"event.duration":412345,"request.id":"5f2d8a10-1c2b-4e7e-9a55-0f6f1a2b3c4d"}`},
	{"proxy", `<6>{"log.level":"info","message":"GET /v1/items/user-12345 200","http.request.method":"GET","url.path":"/v1/items/user-12345","http.response.status_code":200,"http.response.bytes":312,"event.duration":1000000,"request.id":"5f2d8a10-1c2b-4e7e-9a55-0f6f1a2b3c4d","client.ip":"10.0.0.1","backend.name":"api","server.name":"api-0","haproxy.termination_state":"--"}`},
	{"redis", `14:M 22 Nov 2026 17:39:50.384 * Starting to deliver RDB and replication stream to replica: 10.213.0.131:6379`},
	{"text", `Connect from 127.0.0.1:40654 to 127.0.0.1:8405 (alive/HTTP) and some more text that makes it as long as usual`},
}

func BenchmarkLine(b *testing.B) {
	for _, line := range benchLines {
		b.Run(line.name, func(b *testing.B) {
			renderer := NewOrigin("api-0").NewRenderer()
			text := []byte(line.line)
			var out []byte
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				out = renderer.Append(out[:0], text, false)
			}
		})
	}
}
