@node "%~dp0bootstrap.mjs" %*
