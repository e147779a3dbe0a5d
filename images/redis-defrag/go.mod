module redis-platform/redis-defrag

go 1.24
