#!/usr/bin/env node
// Starts the program, on a Node that can run it. Plain JavaScript that any Node reads as a module.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `metallb-l2: Node ${process.versions.node} is too old: it needs 22.19 or later, and your PATH finds ${process.execPath}\n`,
  );
  process.exit(3);
}
void import('../dist/cli/main.js');
