import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const VITE = fileURLToPath(new URL('../../../../node_modules/vite/bin/vite.js', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const filesBelow = async (folder: string): Promise<string[]> => {
  const entries = await readdir(join(ROOT, folder), { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name) && !entry.parentPath.includes(join('src', 'test')))
    .map((entry) => join(entry.parentPath, entry.name))
}

/**
 * The site as `vite build` makes it from the sources as they are now, in a folder named for their hash: test files that
 * run side by side share one build, and none ever sees a stale one.
 */
export const builtSite = async (): Promise<string> => {
  const files = [
    ...(await filesBelow('src')),
    ...(await filesBelow('public')),
    join(ROOT, 'index.html'),
    join(ROOT, 'vite.config.ts'),
  ].toSorted()
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update(await readFile(file))
  const target = join(tmpdir(), `parapet-console-${process.getuid?.() ?? 0}-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(join(target, 'index.html'))) return target
  const outDir = await mkdtemp(join(tmpdir(), 'parapet-console-build-'))
  // a process of its own: under the test runner's NODE_ENV the libraries would be their development builds
  await promisify(execFile)(process.execPath, [VITE, 'build', '--logLevel', 'error', '--outDir', outDir, '--emptyOutDir'], {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: 'production' },
  })
  try {
    await rename(outDir, target)
  } catch {
    // the other test file was first: its build is the same
    await rm(outDir, { recursive: true, force: true })
  }
  return target
}
