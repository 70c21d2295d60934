import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const compress = promisify(gzip)

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
}

/** One file of the console, ready to send. */
export type SiteFile = {
  readonly body: Buffer
  readonly gzip: Buffer | undefined
  readonly type: string
  readonly etag: string
  readonly cacheControl: string
}

/** The console's files in memory, by path: nothing on disk is ever opened by a name that came in. */
export type StaticSite = {
  readonly built: boolean
  /** the file at a path; pages that the console routes by itself get `index.html` */
  find: (path: string) => SiteFile | undefined
}

const MAX_FILES = 2_000
const MAX_BYTES = 64 * 1_024 * 1_024

/** Vite puts a hash of the content into the names below `assets/`: such a name never changes its content. */
const isHashed = (path: string): boolean => /^\/assets\/.+-[\w-]{8,}\.[a-z0-9]+$/.test(path)

const load = async (directory: string, path: string): Promise<SiteFile> => {
  const body = await readFile(join(directory, path))
  const type = TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream'
  const packed = /^text\/|json|svg/.test(type) && body.length > 1_024 ? await compress(body, { level: 9 }) : undefined
  return {
    body,
    gzip: packed,
    type,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    cacheControl: isHashed(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
  }
}

/** Reads the built console into memory. A directory that does not exist is an empty site: the API works without it. */
export const loadStaticSite = async (directory: string): Promise<StaticSite> => {
  const files = new Map<string, SiteFile>()
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  let bytes = 0
  for (const entry of entries.filter((one) => one.isFile()).slice(0, MAX_FILES)) {
    const path = join(entry.parentPath, entry.name).slice(directory.length).replaceAll('\\', '/')
    const file = await load(directory, path)
    bytes += file.body.length
    if (bytes > MAX_BYTES) break
    files.set(path.startsWith('/') ? path : `/${path}`, file)
  }
  const index = files.get('/index.html')
  return {
    built: index !== undefined,
    find: (path) => {
      const file = files.get(path)
      if (file !== undefined) return file
      // a missing script must be a 404, not a page: the browser would try to run it
      return path.startsWith('/assets/') || /\.[a-z0-9]{1,8}$/i.test(path) ? undefined : index
    },
  }
}
