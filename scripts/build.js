/**
 * Builds what is stale. `npm ci` runs it (as `prepare`), and so does every command of a checkout, so that nobody
 * ever meets an old `dist`: `node scripts/build.js [--all]`. Plain JavaScript, because it runs before anything is built.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stampFile = join(root, '.cache', 'build.json')
const lockDirectory = join(root, '.cache', 'build.lock')
/** a lock older than this belongs to a build that died */
const LOCK_STALE_MS = 5 * 60_000

const packages = () => readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'tsconfig.json')))

/** Name, size and time of every file below a folder that a build reads: cheap, and it changes whenever an editor writes. */
const fingerprint = (folders) => {
  const hash = createHash('sha256')
  const walk = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined) return
    if (!stat.isDirectory()) {
      if (!/\.test\.tsx?$/.test(path)) hash.update(`${path.slice(root.length)} ${stat.size} ${stat.mtimeMs}\n`)
      return
    }
    for (const entry of readdirSync(path).toSorted()) if (entry !== 'dist' && entry !== 'node_modules') walk(join(path, entry))
  }
  for (const folder of folders) walk(join(root, folder))
  return hash.digest('hex')
}

const steps = () => {
  const names = packages()
  const require = createRequire(import.meta.url)
  const bin = (name, path) => join(dirname(require.resolve(`${name}/package.json`)), path)
  return [
    {
      name: 'packages',
      reads: [
        'tsconfig.base.json',
        ...names.flatMap((name) => [`packages/${name}/src`, `packages/${name}/package.json`, `packages/${name}/tsconfig.json`]),
      ],
      made: names
        .filter((name) => name !== 'console')
        .map((name) => `packages/${name}/dist/index.js`)
        .filter((path) => !path.includes('/cli/')),
      run: () => [bin('typescript', 'bin/tsc'), '-b', ...names.map((name) => join('packages', name))],
    },
    {
      name: 'console',
      reads: ['packages/console', 'packages/core/src'],
      made: ['packages/console/dist/site/index.html'],
      run: () => [bin('vite', 'bin/vite.js'), 'build', '--logLevel', 'warn', join('packages', 'console')],
    },
  ]
}

const readStamp = () => {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'))
  } catch {
    return {}
  }
}

const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** One build at a time in a checkout; a second one waits, then finds nothing left to do. */
const withLock = (run) => {
  mkdirSync(dirname(lockDirectory), { recursive: true })
  for (;;) {
    try {
      mkdirSync(lockDirectory)
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      const age = Date.now() - (statSync(lockDirectory, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
      if (age > LOCK_STALE_MS) rmSync(lockDirectory, { recursive: true, force: true })
      else wait(100)
    }
  }
  try {
    return run()
  } finally {
    rmSync(lockDirectory, { recursive: true, force: true })
  }
}

const isFresh = (step, stamp) => stamp[step.name] === fingerprint(step.reads) && step.made.every((path) => existsSync(join(root, path)))

/** Builds the steps whose sources changed since the last build. Throws when a compiler says no or may not write here. */
export const buildStale = ({ all = false } = {}) => {
  const list = steps()
  if (!all && list.every((step) => isFresh(step, readStamp()))) return
  withLock(() => {
    for (const step of list) {
      const stamp = readStamp()
      if (!all && isFresh(step, stamp)) continue
      const started = Date.now()
      const mark = fingerprint(step.reads)
      process.stderr.write(`building ${step.name} ...\n`)
      // whoever starts a build from a test has another NODE_ENV, and would get the development build of React
      const result = spawnSync(process.execPath, step.run(), {
        cwd: root,
        stdio: ['ignore', 2, 2],
        env: { ...process.env, NODE_ENV: 'production' },
      })
      if (result.status !== 0)
        throw new Error(`The build of ${step.name} failed; the lines above say where. Mend that, then run npm run build.`)
      writeFileSync(stampFile, `${JSON.stringify({ ...stamp, [step.name]: mark })}\n`)
      process.stderr.write(`built ${step.name} in ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
    }
  })
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) {
  try {
    buildStale({ all: process.argv.includes('--all') })
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
