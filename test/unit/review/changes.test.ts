import { expect, test } from '@jest/globals';
import { parseDiff } from '../../../cli/review/changes.js';

test('changed, added, removed and binary files are told apart by hunks of lines', () => {
  const diff = `diff --git a/environments/dev.ts b/environments/dev.ts
index 1..2 100644
--- a/environments/dev.ts
+++ b/environments/dev.ts
@@ -7 +7,2 @@ export const dev
-  redis: {},
+  redis: {
+  },
@@ -20,2 +21,0 @@
-  a
-  b
diff --git a/new file.ts b/new file.ts
new file mode 100644
--- /dev/null
+++ b/new file.ts\t
@@ -0,0 +1 @@
+x
diff --git a/gone.ts b/gone.ts
--- a/gone.ts
+++ /dev/null
@@ -1 +0,0 @@
-x
\\ No newline at end of file
diff --git a/logo.png b/logo.png
Binary files a/logo.png and b/logo.png differ
`;
  expect(parseDiff(diff)).toEqual([
    {
      path: 'environments/dev.ts',
      hunks: [
        { removed: [7], added: [7, 8] },
        { removed: [20, 21], added: [] },
      ],
    },
    { path: 'new file.ts', hunks: [{ removed: [], added: [1] }] },
    { path: 'gone.ts', hunks: [{ removed: [1], added: [] }] },
    { path: 'logo.png', hunks: [{ removed: [], added: [1] }] },
  ]);
});

test('lines that look like headers are not taken for headers', () => {
  const diff = '--- a/x.ts\n+++ b/x.ts\n@@ -1 +1,2 @@\n--- a/y.ts\n+++ b/z.ts\n+@@ -5 +5 @@\n@@ -9 +10 @@\n-a\n+b\n';
  expect(parseDiff(diff)).toEqual([
    {
      path: 'x.ts',
      hunks: [
        { removed: [1], added: [1, 2] },
        { removed: [9], added: [10] },
      ],
    },
  ]);
});
