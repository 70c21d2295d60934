// Loaded into a control plane under test by NODE_OPTIONS. The file of PARAPET_TEST_CLOCK says by how many ms its clock is ahead; when that
// changes, what would have been done every minute or more rarely is done at once, as it would have been in that time.
import { readFileSync } from 'node:fs'
import process from 'node:process'

const path = process.env['PARAPET_TEST_CLOCK']
const RARE_MS = 30_000

const install = () => {
  const now = Date.now.bind(Date)
  const { setInterval, clearInterval } = globalThis
  const rare = new Map()
  let offset = 0

  const read = () => {
    let next = offset
    try {
      next = Number(readFileSync(path, 'utf8')) || 0
    } catch {
      // not written yet: the time is as it is
    }
    if (next === offset) return
    offset = next
    for (const run of rare.values()) run()
  }

  Date.now = () => now() + offset
  globalThis.setInterval = (run, ms, ...given) => {
    const timer = setInterval(run, ms, ...given)
    if (ms >= RARE_MS) rare.set(timer, () => run(...given))
    return timer
  }
  globalThis.clearInterval = (timer) => {
    rare.delete(timer)
    clearInterval(timer)
  }
  read()
  setInterval(read, 25).unref()
}

if (path !== undefined) install()
