#!/usr/bin/env node
// Plain JavaScript and committed. In a checkout it first builds what is stale.
import { existsSync, readFileSync } from 'node:fs'
import process from 'node:process'

const buildScript = new URL('../../../scripts/build.js', import.meta.url)

/** An installed package may have somebody else's scripts/build.js three folders up: only the workspace's own name tells. */
const isCheckout = () => {
  try {
    return (
      existsSync(buildScript) &&
      JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).name === 'parapet-workspace'
    )
  } catch {
    return false
  }
}

try {
  if (process.env.PARAPET_TEST_BUILT !== '1' && isCheckout()) {
    const { buildStale } = await import(buildScript.href)
    buildStale()
  }
  const { agentMain } = await import('../dist/index.js')
  process.exitCode = await agentMain(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`parapet-agent: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 3
}
