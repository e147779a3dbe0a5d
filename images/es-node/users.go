package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
)

// RenderUsers returns the file realm's `users` (name:hash) and `users_roles` (role:name,name).
func RenderUsers(config Config) (users, roles string, err error) {
	members := map[string][]string{}
	for _, user := range config.Users {
		password, err := config.Password(user.Name)
		if err != nil {
			return "", "", err
		}
		users += user.Name + ":" + hash(password) + "\n"
		for _, role := range user.Roles {
			members[role] = append(members[role], user.Name)
		}
	}
	names := []string{}
	for role := range members {
		names = append(names, role)
	}
	slices.Sort(names)
	for _, role := range names {
		roles += role + ":" + strings.Join(members[role], ",") + "\n"
	}
	return users, roles, nil
}

// hash is Elasticsearch's SSHA256. Passwords here are random and long, so a slow hash would protect nothing and cost each request.
func hash(password string) string {
	salt := make([]byte, 8)
	rand.Read(salt)
	sum := sha256.Sum256(append([]byte(password), salt...))
	return "{SSHA256}" + base64.StdEncoding.EncodeToString(salt) + base64.StdEncoding.EncodeToString(sum[:])
}
