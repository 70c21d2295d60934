#!/usr/bin/env node
// Plain JavaScript and committed. It never builds: it runs with rights, and only what was installed.
import process from 'node:process'

try {
  const { helperMain } = await import('../dist/helper/main.js')
  process.exitCode = await helperMain(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`parapet-agent-helper: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 3
}
