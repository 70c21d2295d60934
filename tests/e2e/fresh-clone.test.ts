import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '@parapet/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { createPlace, root } from './support/control-plane.js'
import { startProgram } from './support/processes.js'

/** a user without a home, a shell or any right beyond everybody's */
const NOBODY = { uid: 65_534, gid: 65_534 }

/** What is committed, installed with `npm ci` as its README says. */
const freshClone = (folder: string): string => {
  const clone = join(folder, 'clone')
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, clone], { stdio: 'ignore' })
  execFileSync('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: clone, stdio: 'pipe' })
  return clone
}

const startsAndStops = async (clone: string, env: Readonly<Record<string, string>>, user?: typeof NOBODY): Promise<void> => {
  const port = await freePort()
  const options = { cwd: clone, env: { PARAPET_PORT: String(port), ...env }, ...user }
  expect(execFileSync('npx', ['parapet', '--version'], { cwd: clone, encoding: 'utf8', env: { ...process.env, ...env }, ...user })).toMatch(
    /^\d+\.\d+\.\d+/,
  )
  const server = startProgram('npm', ['start'], options)
  const [link] = await server.waitFor(new RegExp(`http://localhost:${port}/setup#[\\w-]+`), 120_000)
  const page = await fetch(link.split('#')[0] ?? link)
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('<script')
  expect((await fetch(`http://localhost:${port}/readyz`)).status).toBe(200)
  await server.stop()
  await expect(fetch(`http://localhost:${port}/healthz`)).rejects.toThrow('fetch failed')
}

describe('a fresh clone after npm ci', () => {
  const place = createPlace('clone')
  const data = createPlace('clone-data')
  let clone = ''
  afterAll(() => {
    place.remove()
    data.remove()
  })

  it('builds what the commands need', () => {
    clone = freshClone(place.path)
    expect(existsSync(join(clone, 'packages/cli/dist/main.js'))).toBe(true)
    expect(existsSync(join(clone, 'packages/console/dist/site/index.html'))).toBe(true)
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: clone, encoding: 'utf8' })).toBe('')
  }, 240_000)

  it.each(process.getuid?.() === 0 ? ['root under a folder that only root may enter', 'a normal user'] : ['the user who runs this'])(
    'starts as %s, and stops',
    async (who) => {
      if (who !== 'a normal user') {
        chmodSync(place.path, 0o700)
        await startsAndStops(clone, { PARAPET_DATA_DIR: join(data.path, 'own') })
        return
      }
      chmodSync(place.path, 0o755)
      const home = join(place.path, 'home')
      mkdirSync(home)
      execFileSync('chown', ['-R', `${NOBODY.uid}:${NOBODY.gid}`, home, clone])
      await startsAndStops(clone, { HOME: home, XDG_DATA_HOME: join(home, '.local/share'), XDG_RUNTIME_DIR: '' }, NOBODY)
      expect(existsSync(join(home, '.local/share/parapet'))).toBe(true)
    },
    180_000,
  )
})
