module redis-platform/log-tools

go 1.24
