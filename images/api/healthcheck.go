package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"redis-platform/api/internal/config"
)

const healthcheckTimeout = 2 * time.Second

// healthcheck asks /live and not /health: a container that is unhealthy because Redis is away would only get
// restarted for it.
func healthcheck(ctx context.Context, lookup func(string) (string, bool), stderr io.Writer) int {
	addresses, err := config.ListenAddresses(lookup)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	if err := askLive(ctx, "http://"+localAddress(addresses)+"/live"); err != nil {
		fmt.Fprintln(stderr, "not live:", err)
		return exitFailed
	}
	return exitOK
}

func askLive(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return nil
}

// localAddress is the loopback address of the list, or its first one; "every address" becomes loopback.
func localAddress(addresses []string) string {
	for _, address := range addresses {
		host, port, _ := net.SplitHostPort(address)
		ip := net.ParseIP(host)
		switch {
		case host == "localhost" || ip.IsLoopback():
			return address
		case ip.IsUnspecified() && ip.To4() != nil:
			return net.JoinHostPort("127.0.0.1", port)
		case ip.IsUnspecified():
			return net.JoinHostPort("::1", port)
		}
	}
	return addresses[0]
}
