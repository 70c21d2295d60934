#!/usr/bin/env node
// Plain JavaScript and committed, so that `npx parapet` works right after `npm ci`. In a checkout it first builds what is stale.
import { existsSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const buildScript = new URL('../../../scripts/build.js', import.meta.url)
const isCheckout = existsSync(fileURLToPath(buildScript)) && existsSync(fileURLToPath(new URL('../src/main.ts', import.meta.url)))

try {
  // a test file builds once and then runs the command many times
  if (isCheckout && process.env.PARAPET_TEST_BUILT !== '1') {
    const { buildStale } = await import(buildScript.href)
    await buildStale()
  }
  const { main } = await import('../dist/main.js')
  await main()
} catch (error) {
  process.stderr.write(`parapet: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 3
}
