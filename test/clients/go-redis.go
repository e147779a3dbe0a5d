package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const atMost = 60 * time.Second

func main() {
	prefix := os.Args[1]
	client := connect()
	end := time.Now().Add(atMost)
	for number := 0; time.Now().Before(end); number++ {
		replicas, err := write(client, fmt.Sprint(prefix, number), fmt.Sprint(number))
		switch {
		case err != nil:
			fmt.Printf("refused %d %s\n", number, strings.SplitN(err.Error(), "\n", 2)[0])
		case replicas < 1:
			fmt.Printf("refused %d by %d replicas\n", number, replicas)
		default:
			fmt.Printf("confirmed %d\n", number)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func write(client *redis.Client, key, value string) (int64, error) {
	var replicas *redis.Cmd
	// Both on one connection, or neither.
	_, err := client.Pipelined(context.Background(), func(pipeline redis.Pipeliner) error {
		pipeline.Set(context.Background(), key, value, 0)
		replicas = pipeline.Do(context.Background(), "WAIT", 1, 300)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return replicas.Int64()
}
