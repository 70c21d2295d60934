import { chmodSync, existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { generateLog, writeLines } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readBytes, readLines, type LineBlock, type ReadLinesOptions, type ReadProgress } from './index.js'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'parapet-lines-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const file = (name: string, content: Uint8Array | string): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

type Outcome = { lines: string[]; blocks: LineBlock[]; error: unknown; counts: { lines: number; cut: number; invalidUtf8: number } }

/** How often this process has a file open, where the system tells. */
const openCount = (path: string): number => {
  if (!existsSync('/proc/self/fd')) return 0
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path
    } catch {
      return false
    }
  }).length
}

/** Reads to the end or to the error, whichever comes. */
const read = async (path: string, options: ReadLinesOptions = {}): Promise<Outcome> => {
  const reader = readLines(path, options)
  const blocks: LineBlock[] = []
  let error: unknown
  try {
    for await (const block of reader) blocks.push(block)
  } catch (caught) {
    error = caught
  }
  return { lines: blocks.flatMap((block) => block.lines), blocks, error, counts: reader.counts() }
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `line ${i + 1} ${'abcdefghij'.repeat(i % 13)}`)

describe('a plain file', () => {
  it('is read whole, in blocks whose numbers follow each other', async () => {
    const lines = numbered(20_000)
    const { lines: got, blocks, counts, error } = await read(file('plain.txt', `${lines.join('\n')}\n`))
    expect(error).toBeUndefined()
    expect(got).toEqual(lines)
    expect(blocks.length).toBeGreaterThan(3)
    let next = 1
    for (const block of blocks) {
      expect(block.firstNumber).toBe(next)
      next += block.lines.length
    }
    expect(counts).toEqual({ lines: 20_000, cut: 0, invalidUtf8: 0 })
  })

  it('may be empty', async () => {
    expect(await read(file('empty.txt', ''))).toMatchObject({ lines: [], error: undefined, counts: { lines: 0 } })
  })

  it('may be one byte, or begin like half of a gzip file', async () => {
    expect((await read(file('one.txt', 'x'))).lines).toEqual(['x'])
    expect((await read(file('half.txt', Buffer.from([0x1f])))).lines).toEqual(['\u001f'])
  })

  it('may hold lines of any length and bytes of any kind', async () => {
    const content = Buffer.concat([
      Buffer.alloc(1_000_000, 'x'),
      Buffer.from('\n\0\u001b[31m\n'),
      Buffer.from([0xff, 0x0a]),
      Buffer.from('end'),
    ])
    const { lines, counts } = await read(file('wild.bin', content))
    expect(lines).toEqual(['x'.repeat(8192), '\0\u001b[31m', '\uFFFD', 'end'])
    expect(counts).toEqual({ lines: 4, cut: 1, invalidUtf8: 1 })
  })

  it('is read as far as it is asked for, and closed when the reader stops', async () => {
    const path = file('stop.txt', `${numbered(50_000).join('\n')}\n`)
    for (let blocks = 1; blocks <= 3; blocks++) {
      let seen = 0
      for await (const block of readLines(path)) {
        expect(block.lines.length).toBeGreaterThan(0)
        if (++seen === blocks) break
      }
      expect(seen).toBe(blocks)
      expect(openCount(path)).toBe(0)
    }
  })

  it('is closed when whoever is told of progress throws', async () => {
    const path = file('throws.txt', `${numbered(50_000).join('\n')}\n`)
    const onProgress = (): never => {
      throw new Error('no')
    }
    expect((await read(path, { onProgress })).error).toMatchObject({ message: 'no' })
    expect(openCount(path)).toBe(0)
  })

  it('tells how far it is, up to the whole', async () => {
    const path = file('progress.txt', `${numbered(20_000).join('\n')}\n`)
    const seen: ReadProgress[] = []
    await read(path, { onProgress: (progress) => seen.push(progress) })
    const total = seen[0]?.total ?? 0
    expect(total).toBeGreaterThan(500_000)
    expect(seen.every((progress, i) => progress.total === total && progress.bytes >= (seen[i - 1]?.bytes ?? 0))).toBe(true)
    expect(seen.at(-1)?.bytes).toBe(total)
  })
})

describe('a gzip file', () => {
  const lines = numbered(30_000)
  const text = `${lines.join('\n')}\n`

  it('is known by its bytes, not by its name', async () => {
    expect((await read(file('plain-name.log', gzipSync(text)))).lines).toEqual(lines)
    expect((await read(file('lies.gz', 'not compressed\n'))).lines).toEqual(['not compressed'])
  })

  it('may have several members, as `cat a.gz b.gz` makes them', async () => {
    expect((await read(file('two.gz', Buffer.concat([gzipSync('a\nb'), gzipSync('c\nd\n')])))).lines).toEqual(['a', 'bc', 'd'])
  })

  it('counts progress in bytes of the file', async () => {
    const packed = gzipSync(text)
    const seen: ReadProgress[] = []
    await read(file('progress.gz', packed), { onProgress: (progress) => seen.push(progress) })
    expect(seen.at(-1)).toEqual({ bytes: packed.length, total: packed.length })
  })

  it.each([0.1, 0.5, 0.9, 0.999])('that ends after %d of its bytes gives every line before, then says so', async (share) => {
    const packed = gzipSync(text)
    const { lines: got, error, counts } = await read(file('early.gz', packed.subarray(0, Math.floor(packed.length * share))))
    expect(error).toMatchObject({ code: 'PPT_FILE_TRUNCATED', detail: expect.stringContaining('early.gz') })
    expect(got.slice(0, -1)).toEqual(lines.slice(0, got.length - 1))
    // what is left over is the start of the line at which it broke off
    expect(lines[got.length - 1]?.startsWith(got.at(-1) ?? '?')).toBe(true)
    expect(got.length).toBeGreaterThan(lines.length * share * 0.7)
    expect(counts.lines).toBe(got.length)
  })

  it('that lacks only its last byte is not taken for a whole one', async () => {
    const packed = gzipSync(text)
    const { lines: got, error } = await read(file('trailer.gz', packed.subarray(0, -1)))
    expect(got).toEqual(lines)
    expect(error).toMatchObject({ code: 'PPT_FILE_TRUNCATED' })
  })

  it('that is damaged in the middle gives what was before', async () => {
    const packed = gzipSync(text)
    packed.fill(0xff, Math.floor(packed.length * 0.6), Math.floor(packed.length * 0.6) + 400)
    const { lines: got, error } = await read(file('damaged.gz', packed))
    expect(error).toMatchObject({ code: 'PPT_FILE_TRUNCATED' })
    expect(got.length).toBeGreaterThan(lines.length * 0.3)
    expect(got.slice(0, Math.floor(lines.length * 0.3))).toEqual(lines.slice(0, Math.floor(lines.length * 0.3)))
  })

  it('of only a head gives nothing, then says so', async () => {
    expect(await read(file('head.gz', gzipSync(text).subarray(0, 6)))).toMatchObject({ lines: [], error: { code: 'PPT_FILE_TRUNCATED' } })
  })

  it('that unpacks to a thousand times its size is read in bounded memory', async () => {
    const bomb = file('bomb.gz', gzipSync(Buffer.alloc(200_000_000, 'x')))
    const before = process.memoryUsage().rss
    let most = 0
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5)
    const { lines: got, counts } = await read(bomb)
    clearInterval(watch)
    expect(got).toEqual(['x'.repeat(8192)])
    expect(counts.cut).toBe(1)
    expect(most - before).toBeLessThan(150_000_000)
  })

  it('can be left before its end', async () => {
    const path = file('leave.gz', gzipSync(text))
    for await (const block of readLines(path)) {
      expect(block.lines[0]).toBe(lines[0])
      break
    }
    expect(openCount(path)).toBe(0)
  })
})

describe('a generated log', () => {
  it('comes back line by line, plain and packed', async () => {
    const { lines } = generateLog({ kind: 'ssh', lines: 3000 })
    const path = join(folder, 'auth.txt')
    expect(await writeLines(path, lines)).toBe(3000)
    expect((await read(path)).lines).toEqual([...lines])
    expect((await read(file('auth.gz', gzipSync(`${[...lines].join('\n')}\n`)))).lines).toEqual([...lines])
  })
})

describe('a file that cannot be read', () => {
  it.each([
    ['is not there', () => join(folder, 'absent.log'), 'ENOENT'],
    ['is a folder', () => folder, 'EISDIR'],
    ['is below a file', () => join(file('a-file', 'x'), 'b'), 'ENOTDIR'],
    ['has an impossible name', () => join(folder, 'x'.repeat(300)), 'ENAMETOOLONG'],
  ])('because it %s says so with the reason', async (_, path, reason) => {
    expect((await read(path())).error).toMatchObject({ code: 'PPT_FILE_UNREADABLE', detail: expect.stringContaining(reason) })
  })

  it("because it is another user's says so too (root reads it: then it is read)", async () => {
    const path = file('secret.log', 'x\n')
    chmodSync(path, 0)
    const { lines, error } = await read(path)
    const refused = { lines: [], error: { code: 'PPT_FILE_UNREADABLE', detail: expect.stringContaining('EACCES') } }
    expect({ lines, error }).toMatchObject(process.getuid?.() === 0 ? { lines: ['x'], error: undefined } : refused)
  })
})

describe('readBytes', () => {
  const bytesOf = async (path: string): Promise<Buffer> => {
    const chunks: Buffer[] = []
    // a chunk is only good until the next one
    for await (const chunk of readBytes(path)) chunks.push(Buffer.from(chunk))
    return Buffer.concat(chunks)
  }
  const content = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 7919 + (i >> 9)) % 256))

  it('gives every byte as it is, also what is no text, and takes gzip off', async () => {
    expect((await bytesOf(file('noise.bin', content))).equals(content)).toBe(true)
    expect((await bytesOf(file('noise.gz', gzipSync(content)))).equals(content)).toBe(true)
    expect(await bytesOf(file('nothing', ''))).toHaveLength(0)
  })

  it('turns UTF-16 into UTF-8 as text only, and delivers what was before damage however short', async () => {
    const wide = file('wide.log', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('a@b.example\r\nü', 'utf16le')]))
    expect((await read(wide)).lines).toEqual(['a@b.example', 'ü'])
    expect((await bytesOf(wide))[0]).toBe(0xff)
    const cut = file('tiny.gz', gzipSync('x\n').subarray(0, -4))
    expect(await read(cut)).toMatchObject({ lines: ['x'], error: { code: 'PPT_FILE_TRUNCATED' } })
  })

  it('says why a file is not read, and closes one that is read in part', async () => {
    await expect(bytesOf(join(folder, 'none'))).rejects.toMatchObject({ code: 'PPT_FILE_UNREADABLE' })
    await expect(bytesOf(file('short.gz', gzipSync(content).subarray(0, 5_000)))).rejects.toMatchObject({ code: 'PPT_FILE_TRUNCATED' })
    const path = file('partly.bin', content)
    const source = readBytes(path)
    await source.next()
    await source.return()
    expect(openCount(path)).toBe(0)
  })
})

describe('standard input', () => {
  it('is read for `-`, plain and packed, also byte by byte', async () => {
    const bytes = (content: Buffer): Readable => Readable.from(Array.from(content, (byte) => Buffer.from([byte])))
    const seen: ReadProgress[] = []
    expect((await read('-', { stdin: bytes(Buffer.from('a\nb\n')), onProgress: (progress) => seen.push(progress) })).lines).toEqual([
      'a',
      'b',
    ])
    expect(seen.at(-1)).toEqual({ bytes: 4, total: undefined })
    expect((await read('-', { stdin: bytes(gzipSync('a\nb\n')) })).lines).toEqual(['a', 'b'])
    expect((await read('-', { stdin: Readable.from([]) })).lines).toEqual([])
  })

  it('may deliver text', async () => {
    expect((await read('-', { stdin: Readable.from(['é\n', 'b']) })).lines).toEqual(['é', 'b'])
  })

  it('that breaks off gives what came, then says so', async () => {
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('a\nb')
      await Promise.resolve()
      throw Object.assign(new Error('reset'), { code: 'ECONNRESET' })
    }
    const { lines, error } = await read('-', { stdin: broken() })
    expect(lines).toEqual(['a', 'b'])
    expect(error).toMatchObject({ code: 'PPT_FILE_UNREADABLE', detail: expect.stringContaining('ECONNRESET') })
  })
})
