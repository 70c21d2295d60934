import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadStaticSite } from './static-site.js'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parapet-static-'))
  await mkdir(join(dir, 'assets'))
  await writeFile(join(dir, 'index.html'), '<!doctype html>')
  await writeFile(join(dir, 'assets', 'app-AbCd1234.js'), 'x'.repeat(2_000))
  await writeFile(join(dir, 'assets', 'plain.js'), 'y')
  await writeFile(join(dir, 'font.woff2'), Buffer.alloc(3_000))
  await writeFile(join(dir, 'strange.xyz'), 'z')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('loadStaticSite', () => {
  it('knows each file by its path, with its type', async () => {
    const site = await loadStaticSite(dir)
    expect(site.built).toBe(true)
    expect(site.find('/index.html')?.type).toBe('text/html; charset=utf-8')
    expect(site.find('/assets/app-AbCd1234.js')?.type).toBe('text/javascript; charset=utf-8')
    expect(site.find('/font.woff2')?.type).toBe('font/woff2')
    // never guessed: a browser that sniffs could run it
    expect(site.find('/strange.xyz')?.type).toBe('application/octet-stream')
  })

  it('lets only names with a hash be kept for ever', async () => {
    const site = await loadStaticSite(dir)
    expect(site.find('/assets/app-AbCd1234.js')?.cacheControl).toContain('immutable')
    for (const path of ['/assets/plain.js', '/index.html', '/font.woff2']) expect(site.find(path)?.cacheControl).toBe('no-cache')
  })

  it('packs text that is worth it, and nothing else', async () => {
    const site = await loadStaticSite(dir)
    const script = site.find('/assets/app-AbCd1234.js')
    expect(gunzipSync(script?.gzip ?? Buffer.alloc(0)).toString()).toBe('x'.repeat(2_000))
    expect([site.find('/assets/plain.js')?.gzip, site.find('/font.woff2')?.gzip]).toEqual([undefined, undefined])
  })

  it('gives the start page for paths of the console and nothing for files that are missing', async () => {
    const site = await loadStaticSite(dir)
    for (const path of ['/', '/alerts', '/alerts/019a', '/setup']) expect(site.find(path)?.body.toString()).toBe('<!doctype html>')
    for (const path of ['/assets/gone', '/assets/', '/favicon.ico', '/x.php', '/.env', '/.git/config.txt'])
      expect(site.find(path)).toBeUndefined()
  })

  it('opens nothing outside, whatever the path or the links inside [ASVS 5.3.2]', async () => {
    await symlink('/etc/passwd', join(dir, 'passwd.txt'))
    const site = await loadStaticSite(dir)
    for (const path of ['/passwd.txt', '/../passwd.txt', '/assets/../../x.txt', '/assets/..%2findex.html', `${dir}/index.html`])
      expect(site.find(path)).toBeUndefined()
  })

  it('gives another etag for other content', async () => {
    const before = (await loadStaticSite(dir)).find('/index.html')?.etag
    await writeFile(join(dir, 'index.html'), '<!doctype html>2')
    expect((await loadStaticSite(dir)).find('/index.html')?.etag).not.toBe(before)
  })

  it('is empty where nothing was built: the API works without it', async () => {
    const site = await loadStaticSite(join(dir, 'none'))
    expect([site.built, site.find('/'), site.find('/index.html')]).toEqual([false, undefined, undefined])
  })
})
