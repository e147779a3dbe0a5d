module redis-platform/es-node

go 1.24
