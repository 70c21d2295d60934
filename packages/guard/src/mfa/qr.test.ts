import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, inflateSync } from 'node:zlib'
import { findProgram, needs } from '@parapet/testkit'
import * as fc from 'fast-check'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawQr } from './qr.js'
import { otpauthUri } from './totp.js'

fc.configureGlobal({ seed: 20_261_122 })

const SECRET = Buffer.from('12345678901234567890')
const URI = otpauthUri(SECRET, { algorithm: 'SHA1', digits: 6 }, 'Acme Shop', 'anna@example.org')

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'parapet-qr-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a reader sees in a picture. */
const scan = (png: Uint8Array): string => {
  const path = join(folder, 'code.png')
  writeFileSync(path, png)
  return execFileSync('zbarimg', ['--quiet', '--raw', '--nodbus', '-Sdisable', '-Sqrcode.enable', path], { encoding: 'utf8' }).trimEnd()
}

const reader = needs('zbarimg')
describe(`the QR code as PNG${reader.note}`, () => {
  it.skipIf(!reader.ok)('is read by zbarimg as the address that it was made from', () => {
    expect(scan(drawQr(URI).png)).toBe(URI)
  })

  it.skipIf(!reader.ok)('is read for names of any length and script, and long secrets', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.constantFrom(20, 32, 64), (account, bytes) => {
        const uri = otpauthUri(Buffer.alloc(bytes, 7), { algorithm: 'SHA512', digits: 8 }, 'Ä Bank & Söhne', account)
        expect(scan(drawQr(uri).png)).toBe(uri)
      }),
      { numRuns: 8 },
    )
  })

  it('is a whole PNG: right sums, and as many rows as it says', () => {
    const png = Buffer.from(drawQr(URI).png)
    expect(png.subarray(0, 8)).toEqual(Buffer.from('89504e470d0a1a0a', 'hex'))
    const chunks = new Map<string, Buffer>()
    for (let at = 8; at < png.length;) {
      const length = png.readUInt32BE(at)
      const type = png.toString('latin1', at + 4, at + 8)
      expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(png.subarray(at + 4, at + 8 + length)))
      chunks.set(type, png.subarray(at + 8, at + 8 + length))
      at += 12 + length
    }
    expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND'])
    const header = chunks.get('IHDR')!
    const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
    expect(width).toBe(height)
    const pixels = inflateSync(chunks.get('IDAT')!)
    expect(pixels).toHaveLength(height * (1 + Math.ceil(width / 8)))
    // a quiet zone of four modules, without which many cameras see nothing
    for (let y = 0; y < 4 * 6; y++)
      expect(pixels.subarray(y * (1 + Math.ceil(width / 8)) + 1).every((byte, i) => i >= width / 8 || byte === 0xff)).toBe(true)
  })
})

const browser = needs('chromium', 'zbarimg')
describe(`the QR code as SVG${browser.note}`, () => {
  it('is markup without script, style or anything that came in', () => {
    const { svg } = drawQr(otpauthUri(SECRET, { algorithm: 'SHA1', digits: 6 }, 'Acme', '<script>alert(1)</script>" onload="x'))
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 (\d+) \1" [a-z-="A-Z ]+><path [^<>]*\/><path [^<>]*\/><\/svg>$/,
    )
    expect(svg).not.toMatch(/script|style|href|onload|alert/)
  })

  it.skipIf(!browser.ok)(
    'is read from what Chromium draws, under a policy that allows no inline style',
    async () => {
      const chrome = await chromium.launch({
        executablePath: findProgram('chromium') ?? 'chromium',
        args: ['--no-sandbox', '--disable-gpu'],
        headless: true,
      })
      try {
        const page = await chrome.newPage({ viewport: { width: 400, height: 400 } })
        await page.setContent(
          `<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><body bgcolor="#202020">${drawQr(URI).svg}</body>`,
        )
        expect(scan(await page.screenshot())).toBe(URI)
      } finally {
        await chrome.close()
      }
    },
    60_000,
  )
})
