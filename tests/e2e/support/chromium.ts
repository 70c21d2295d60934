import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '@parapet/testkit'
import { type Browser, chromium } from 'playwright-core'

/** Background services of the browser stay off: a test talks to its own pages only. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts a headless Chromium, on a host of a network when `prefix` says so. */
export const launchChromium = async (prefix: readonly string[], place: string): Promise<Browser> => {
  const program = findProgram('chromium') ?? 'chromium'
  mkdirSync(place, { recursive: true })
  const wrapper = join(place, 'chromium.sh')
  writeFileSync(wrapper, `#!/bin/sh\nexec ${[...prefix, program].map((word) => `'${word}'`).join(' ')} "$@"\n`)
  chmodSync(wrapper, 0o755)
  return chromium.launch({ executablePath: wrapper, args: FLAGS, headless: true })
}
