/**
 * Adds to package-lock.json the optional packages of other platforms that npm left out because the registry in use does not
 * hold them. `npm ci` refuses a lock without them, also where they would never be installed. Run it after `npm install` changed
 * the lock: `node scripts/complete-lock.js`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const file = join(dirname(dirname(fileURLToPath(import.meta.url))), 'package-lock.json')
const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32', 'netbsd', 'openbsd', 'sunos', 'aix']
const PROCESSORS = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'x64']

const lock = JSON.parse(readFileSync(file, 'utf8'))
const { packages } = lock
const present = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)))
const added = []
for (const parent of Object.values(packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const os = SYSTEMS.find((system) => name.includes(system))
    const cpu = PROCESSORS.find((processor) => name.includes(processor))
    if (present.has(name) || os === undefined || cpu === undefined || !/^\d/.test(version)) continue
    present.add(name)
    added.push(name)
    packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(parent.dev === true ? { dev: true } : {}),
      ...(os === 'linux' ? { libc: [name.includes('musl') ? 'musl' : 'glibc'] } : {}),
      optional: true,
      os: [os],
    }
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).toSorted(([a], [b]) => (a === b ? 0 : a < b ? -1 : 1)))
if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(added.length === 0 ? 'the lock is complete' : `added ${added.length}: ${added.join(', ')}`)
