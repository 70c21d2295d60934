import { rmSync } from 'node:fs'
import { access, constants, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { Browser } from 'playwright-core'

const USUAL = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

const firstThere = async (paths: readonly string[]): Promise<string | undefined> => {
  for (const path of paths) {
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (there) return path
  }
  return undefined
}

/**
 * Cookies of other sites go along, as in the browsers of most people: private windows, and Debian's Chromium throughout, hold them back, and
 * what is forged would look harmless for it.
 */
const PREFERENCES = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } }

/** Starts it with a profile of its own, which goes with it; Playwright sets preferences in no other way. */
const launchWith = async (executablePath: string): Promise<Browser | undefined> => {
  const { chromium } = await import('playwright-core')
  const profile = await mkdtemp(join(tmpdir(), 'parapet-attack-'))
  // at once: who closed the browser may end the process next
  const remove = (): void => {
    try {
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
    } catch {
      // what is left lies in the folder of temporary files
    }
  }
  try {
    await mkdir(join(profile, 'Default'))
    await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(PREFERENCES))
    // few processes: a run has two cores
    const args = ['--disable-gpu', '--renderer-process-limit=3', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])]
    const first = await chromium.launchPersistentContext(profile, { executablePath, args, timeout: 30_000 })
    const browser = first.browser() ?? undefined
    if (browser === undefined) await first.close()
    else browser.on('disconnected', remove)
    return browser
  } catch (error) {
    remove()
    throw error
  }
}

/**
 * Starts Chromium: the given executable, or one of the usual places. Undefined when there is none or `playwright-core` (an optional peer)
 * is not installed. Chromium refuses its sandbox to root, so root runs without one.
 */
export const launchBrowser = async (path: string | undefined): Promise<Browser | undefined> => {
  const executablePath = await firstThere(path === undefined ? USUAL : [path])
  if (executablePath === undefined) return undefined
  try {
    return await launchWith(executablePath)
  } catch {
    return undefined
  }
}
